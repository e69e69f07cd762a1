"""Charge the card that a customer entered to pay by a link: once, whatever is sent again."""

from datetime import date

from django.db import transaction

from duebook.domain.charging import ChargeInput
from duebook.domain.errors import (
    BalanceChanged,
    ChargeUnderWay,
    DomainError,
    InvoicePaid,
    PayLinkPaymentOver,
)
from duebook.domain.money import Money
from duebook.domain.pay_links import check_usable
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.payments.models import CardSetup, LinkPayment, LinkPaymentLine, PaymentType
from duebook.payments.pay_links import (
    dues_of,
    invoices_of,
    is_in_time,
    link_payment_by_id,
    request_key_of,
    state_of,
)
from duebook.payments.points import Point, reach
from duebook.payments.services.begin_link_payment import CUSTOMER
from duebook.payments.services.prepare_charge import PreparedCharge, prepare_charge
from duebook.payments.services.send_charge import send_charge
from duebook.staff.queries import business


def charge_link_payment(*, payment_id: int, return_url: str, on: date) -> LinkPayment:
    """Charge its card if that is saved and nothing was charged by it yet; returns it as it stands then.

    What cannot be charged any more, because the invoice was paid meanwhile or it took too long, is noted as
    refused and never tried again. The customer comes back to ``return_url`` after authenticating. Must not be
    called inside a transaction. Records what ``prepare_charge`` and ``settle_charge`` record. Raises
    NotFound.
    """
    payment = _read(payment_id)
    if payment.charge is not None or payment.refusal or payment.ended_at is not None:
        return payment
    if payment.setup.state != CardSetup.States.SAVED:
        return payment
    try:
        prepared = _prepare(payment, on)
    except DomainError as refusal:
        _note(payment, refusal=refusal.code)
        return _read(payment_id)
    reach(Point.PREPARED)
    _note(payment, charge_id=prepared.charge_id)
    reach(Point.LINK_NOTED)
    if not prepared.repeated:
        send_charge(charge_id=prepared.charge_id, return_url=return_url, keeps_card=payment.keeps_card)
    return _read(payment_id)


def refusal_now(payment: LinkPayment) -> str:
    """The code of why its card would not be charged now, before one is entered in vain; else empty."""
    try:
        shares = _shares(payment)
    except DomainError as refusal:
        return refusal.code
    under_way = {due.invoice_id for due in dues_of(invoices_of(payment.link)) if due.is_under_way}
    return ChargeUnderWay.code if any(share.invoice_id in under_way for share in shares) else ""


@transaction.atomic(durable=True)
def _read(payment_id: int) -> LinkPayment:
    return link_payment_by_id(payment_id)


def _prepare(payment: LinkPayment, on: date) -> PreparedCharge:
    """Write the charge down, or find the one that was before a crash kept it from being noted."""
    if (charge_id := charge_begun_by(payment)) is not None:
        return PreparedCharge(charge_id, repeated=True)
    card = payment.setup.payment_method
    if card is None:
        raise PayLinkPaymentOver
    shares = _shares(payment)
    wanted = ChargeInput(
        contact_id=payment.link.contact_id,
        payment_method_id=card.pk,
        shares=shares,
        apply_to_commissions=_counts_for_commissions(),
        customer_present=True,
        email_receipt=bool(payment.link.contact.email) and business().email_receipts,
    )
    return prepare_charge(wanted=wanted, request_key=request_key_of(payment), actor=CUSTOMER, on=on)


def _counts_for_commissions() -> bool:
    """What the business set for charges; nobody is there to say otherwise."""
    charge_now = PaymentType.objects.filter(kind=PaymentKind.CHARGE_NOW.value).order_by("id")
    return charge_now.values_list("apply_to_commissions", flat=True)[0]


def charge_begun_by(payment: LinkPayment) -> int | None:
    """The charge that was written down for the payment, whether it was noted there or not."""
    if payment.charge_id is not None:
        return payment.charge_id
    written = Event.objects.filter(actor_id=CUSTOMER.user_id, request_key=request_key_of(payment)).first()
    return written.payload["charge_id"] if written else None


@transaction.atomic(durable=True)
def _shares(payment: LinkPayment) -> tuple[Share, ...]:
    """What the customer agreed to, if the link, the time and every balance still are as they were shown."""
    if not is_in_time(payment):
        raise PayLinkPaymentOver
    link = payment.link
    dues = dues_of(invoices_of(link))
    check_usable(state_of(link, dues))
    balances = {due.invoice_id: due.balance for due in dues}
    shares = []
    for line in LinkPaymentLine.objects.filter(payment=payment).select_related("invoice").order_by("id"):
        seen, now = Money(line.balance_seen_minor, link.currency), balances[line.invoice_id]
        if not now:
            raise InvoicePaid(number=str(line.invoice))
        if now != seen:
            raise BalanceChanged(number=str(line.invoice), balance=now)
        shares.append(Share(line.invoice_id, Money(line.amount_minor, link.currency), seen))
    return tuple(shares)


@transaction.atomic(durable=True)
def _note(payment: LinkPayment, *, charge_id: int | None = None, refusal: str = "") -> None:
    """Keep what it came to; a request that was faster has said so already."""
    undecided = LinkPayment.objects.filter(pk=payment.pk, charge__isnull=True, refusal="")
    undecided.update(charge_id=charge_id, refusal=refusal)
