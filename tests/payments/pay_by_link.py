"""Paying by a link as the staff and the customer do."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from duebook.contacts.models import Contact
from duebook.domain.money import Money
from duebook.invoices.models import Invoice
from duebook.payments.models import CardSetup, LinkPayment
from duebook.payments.pay_links import link_payment_by_id
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.begin_link_payment import begin_link_payment
from duebook.payments.services.charge_link_payment import charge_link_payment
from duebook.payments.services.close_link_payment import close_link_payment
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.offer_pay_link import OfferedPayLink, offer_pay_link
from tests.factories import SYSTEM, day, key
from tests.payments.cards import RETURN_URL, default_account
from tests.payments.fake_gateway import FakeGateway


def offer_to_pay(*invoices: Invoice, contact: Contact | None = None, **fields: Any) -> OfferedPayLink:
    """A link for the invoices, of the first one's contact."""
    default_account()
    wanted: dict[str, Any] = {
        "contact_id": (contact or invoices[0].contact).pk,
        "invoice_ids": [invoice.pk for invoice in invoices],
        "request_key": key(),
        "actor": SYSTEM,
        **fields,
    }
    return offer_pay_link(**wanted)


def choose(
    offered: OfferedPayLink, amount: Money | None = None, *, keeps_card: bool = False, again: str = ""
) -> LinkPayment:
    """The customer chooses what to pay."""
    return begin_link_payment(
        link_id=offered.link_id, amount=amount, keeps_card=keeps_card, request_key=again or key()
    )


def enter_card(gateway: FakeGateway, payment: LinkPayment, token: str = "", **fields: Any) -> CardSetup:
    """The customer types a card at the gateway; each time the gateway makes another token of it."""
    begin_card_setup(setup_id=payment.setup_id, return_url=RETURN_URL)
    setup = CardSetup.objects.get(pk=payment.setup_id)
    gateway.type_card(setup.gateway_id, token or f"tok_ok/{payment.pk}", **fields)
    return finish_card_setup(setup_id=payment.setup_id)


def charge(payment: LinkPayment) -> LinkPayment:
    return charge_link_payment(payment_id=payment.pk, return_url=RETURN_URL, on=day())


def pay(
    gateway: FakeGateway,
    offered: OfferedPayLink,
    amount: Money | None = None,
    *,
    token: str = "",
    keeps_card: bool = False,
    **fields: Any,
) -> LinkPayment:
    """From choosing the amount to the charge."""
    payment = choose(offered, amount, keeps_card=keeps_card)
    enter_card(gateway, payment, token and f"{token}/{payment.pk}", **fields)
    return charge(payment)


def later(moment: timedelta) -> Any:
    """A clock that is so much ahead, as it is when this is called."""
    then = timezone.now() + moment
    return lambda: then


def amounts_of(payment: LinkPayment) -> Sequence[tuple[int, int]]:
    """What of it pays which invoice."""
    return list(payment.lines.order_by("id").values_list("invoice_id", "amount_minor"))


def state_of(payment: LinkPayment) -> str:
    found = link_payment_by_id(payment.pk).charge
    return found.state if found else ""


def close(payment: LinkPayment) -> bool:
    return close_link_payment(payment_id=payment.pk)
