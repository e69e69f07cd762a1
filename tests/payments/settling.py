"""Charges, and a processor that pays them out."""

from typing import Any

from duebook.contacts.models import Contact
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenSettlement, SettlementLine
from duebook.payments.models import Charge, GatewayRefund, Payment, PaymentMethod
from duebook.payments.services.import_settlements import import_settlements
from tests.factories import SYSTEM, make_contact, make_invoice
from tests.payments.charging import charge_invoice
from tests.payments.refunding import refund


def a_charge(amount: str = "100.00", contact: Contact | None = None) -> Charge:
    """A charge that succeeded, on the contact's card, for an invoice of its own."""
    invoice = make_invoice(amount, contact=contact or make_contact())
    card = PaymentMethod.objects.filter(contact=invoice.contact).first()
    return charge_invoice(invoice, amount, card=card)


def a_refund(charge: Charge, amount: str) -> GatewayRefund:
    """A refund of the charge through its gateway."""
    return refund(Payment.objects.get(charge_id=charge.pk), amount)


def line_of(charge: Charge, *, fee_minor: int = 0, **fields: Any) -> SettlementLine:
    """What a settlement says of the charge."""
    given = {
        "object_id": charge.gateway_id,
        "gross_minor": charge.amount_minor,
        "kind": LineKind.CHARGE,
        "charge_id": charge.gateway_id,
    }
    return SettlementLine(fee_minor=fee_minor, **{**given, **fields})


def line_of_refund(attempt: GatewayRefund) -> SettlementLine:
    """What a settlement says of the refund."""
    return SettlementLine(
        attempt.gateway_id, -attempt.amount_minor, 0, LineKind.REFUND, attempt.charge.gateway_id
    )


def line_of_settlement(returned: SeenSettlement, *, part_minor: int | None = None) -> SettlementLine:
    """What a later settlement says of one that the bank sent back."""
    return SettlementLine(returned.id, part_minor or returned.net_minor, 0, LineKind.SETTLEMENT_RETURNED)


def fetch() -> int:
    """Import what the only merchant account was paid; how many settlements were new."""
    account = MerchantAccount.objects.get()
    return import_settlements(merchant_account_id=account.pk, actor=SYSTEM).new
