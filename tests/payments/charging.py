"""Charging a card on file for an invoice, as the staff do."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.gateways.protocol import OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, GatewayRefund, Payment, PaymentMethod
from duebook.payments.services.charge_card import charge_card
from tests.factories import SYSTEM, day, key, make_invoice, usd
from tests.payments.fake_gateway import FakeGateway, make_card


def wanted(
    invoice: Invoice,
    amount: str = "40.00",
    token: str = "tok_ok",
    card: PaymentMethod | None = None,
    **fields: Any,
) -> ChargeInput:
    """To charge the card, or one of its own that does what its token says."""
    card = card or make_card(invoice.contact, f"{token}/{key()}")
    return ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd(amount)),), **fields)


def charge(asked: ChargeInput, **fields: Any) -> Charge:
    return charge_card(**{"wanted": asked, "request_key": key(), "actor": SYSTEM, "on": day(), **fields})


def charge_invoice(invoice: Invoice, amount: str = "40.00", token: str = "tok_ok", **fields: Any) -> Charge:
    return charge(wanted(invoice, amount, token, **fields))


def charge_without_answer(gateway: FakeGateway, invoice: Invoice, *, after_effect: bool = True) -> Charge:
    """A charge of 40.00 of which nobody knows whether it happened."""
    gateway.fail("confirm", OutcomeUnknown, after_effect=after_effect)
    return charge_invoice(invoice)


def a_charged_payment(amount: str = "100.00", token: str = "tok_ok", **fields: Any) -> Payment:
    """What a charge for an invoice of 100.00 brought."""
    made = charge_invoice(make_invoice("100.00", **fields), amount, token)
    return Payment.objects.get(charge_id=made.pk)


def its_turn(attempt: Charge | GatewayRefund) -> None:
    """The wait is over after which the gateway is asked again."""
    type(attempt).objects.filter(pk=attempt.pk).update(ask_at=timezone.now() - timedelta(seconds=1))
