"""Customers at Stripe and their cards, made without the adapter."""

from typing import Any

import stripe

from duebook.domain.money import Money
from duebook.gateways.protocol import ChargeRequest, SeenCard
from tests.gateways.stripe.stand_in import SECRET

APPROVED = "4242424242424242"
REFUSED_WHEN_SAVED = "4000000000000002"
DECLINED_WHEN_CHARGED = "4000000000000341"
ASKS_FOR_AUTHENTICATION = "4000002500003155"


def client(url: str) -> stripe.StripeClient:
    """The SDK as others use it."""
    return stripe.StripeClient(SECRET, base_addresses={"api": url}, max_network_retries=0)


def make_method(url: str, number: str = APPROVED) -> str:
    """A card that is nobody's."""
    made = client(url).v1.payment_methods.create(
        {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2031, "cvc": "123"}}
    )
    return made.id


def make_card(url: str, number: str = APPROVED) -> SeenCard:
    """A card on file of a customer of its own."""
    customer = client(url).v1.customers.create({"name": "Acme"}).id
    token = make_method(url, number)
    client(url).v1.payment_methods.attach(token, {"customer": customer})
    return SeenCard(token, customer, "visa", number[-4:], 12, 2031)


def make_request(card: SeenCard, reference: str, **fields: Any) -> ChargeRequest:
    """A request to charge the card 100.00 USD, under a key of the reference's."""
    given: dict[str, Any] = {"key": f"key-{reference}", "amount": Money(10000, "USD"), **fields}
    return ChargeRequest(
        reference=reference,
        customer=card.customer,
        token=card.token,
        **given,
    )
