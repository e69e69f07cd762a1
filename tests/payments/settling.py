"""Charges, and a processor that pays them out."""

from typing import Any

from duebook.contacts.models import Contact
from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenSettlement, SettlementLine
from duebook.payments.models import Charge, GatewayRefund, Payment, PaymentMethod
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, usd
from tests.payments.fake_gateway import make_card


def a_charge(amount: str = "100.00", contact: Contact | None = None) -> Charge:
    """A charge that succeeded, on the contact's card, for an invoice of its own."""
    invoice = make_invoice(amount, contact=contact or make_contact())
    card = PaymentMethod.objects.filter(contact=invoice.contact).first() or make_card(
        invoice.contact, f"tok_ok/{invoice.contact_id}"
    )
    asked = ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd(amount)),))
    return charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day())


def a_refund(charge: Charge, amount: str) -> GatewayRefund:
    """A refund of the charge through its gateway."""
    wanted = RefundInput(
        amount=usd(amount),
        refunded_on=day(),
        account_id=MerchantAccount.objects.get(pk=charge.merchant_account_id).clearing_account_id,
        reason="Sent back",
        owes_afterwards=None,
        means=RefundMeans.GATEWAY,
    )
    payment = Payment.objects.get(charge_id=charge.pk)
    return refund_through_gateway(
        payment_id=payment.pk, wanted=wanted, request_key=key(), actor=SYSTEM, on=day()
    )


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
