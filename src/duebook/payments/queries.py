"""Reads of payments."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum

from duebook.domain.accounts import AccountKind, SystemAccount, TransferKind
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.domain.recording import TypeTerms
from duebook.domain.refunding import REST_ACCOUNTS, Rest
from duebook.events.rows import row_by_id
from duebook.gateways.models import MerchantAccount
from duebook.invoices.models import Invoice
from duebook.ledger.models import Account, Transfer
from duebook.payments.models import (
    Allocation,
    Charge,
    ChargeLine,
    Dispute,
    GatewayRefund,
    Payment,
    PaymentType,
    Refund,
)


def credit_of(contact_id: int) -> list[Money]:
    """The contact's credit on account, one amount for each currency; empty when there is none."""
    rows = (
        Payment.objects.filter(contact_id=contact_id, credit_minor__gt=0)
        .order_by("currency")
        .values_list("currency")
        .annotate(Sum("credit_minor"))
    )
    return [Money(int(minor), currency) for currency, minor in rows]


def payments_of(contact_id: int) -> QuerySet[Payment]:
    """The contact's payments with type, what they were applied to, and whether they were undone."""
    return (
        Payment.objects.filter(contact_id=contact_id)
        .select_related("payment_type", "reversal", "bank_return")
        .prefetch_related("allocations__invoice")
    )


def refundable(payment: Payment) -> Money:
    """All of the payment that can still go back."""
    gone = payment.refunded_minor + payment.returned_minor + payment.reversed_minor
    return Money(payment.amount_minor - gone, payment.currency)


def refundable_payments(contact_id: int, *, invoice_id: int | None = None) -> QuerySet[Payment]:
    """The contact's payments of which money can go back with what they are applied to, the newest first.

    Or those of one invoice.
    """
    gone = F("refunded_minor") + F("returned_minor") + F("reversed_minor")
    found = Payment.objects.filter(contact_id=contact_id, kind=PaymentKind.MONEY.value, amount_minor__gt=gone)
    if invoice_id is not None:
        found = found.filter(pk__in=Allocation.objects.filter(invoice_id=invoice_id).values("payment_id"))
    shown = found.select_related("payment_type").prefetch_related("allocations__invoice")
    return shown.order_by("-received_on", "-pk")


def allocations_to(invoice_id: int) -> QuerySet[Allocation]:
    """What was applied to the invoice and taken off again, in order, with the payments and their types."""
    return (
        Allocation.objects.filter(invoice_id=invoice_id)
        .select_related("payment__payment_type", "payment__reversal", "payment__bank_return")
        .order_by("id")
    )


def invoices_due_from(contact_id: int, *, also: Collection[int] = ()) -> list[Invoice]:
    """The contact's invoices with a balance due, the longest due first, with order and charge under way.

    ``also`` names invoices that are wanted although nothing may be due on them.
    """
    rows = Invoice.objects.filter(contact_id=contact_id)
    due = rows.filter(balance_due_minor__gt=0)
    if also:
        due = due | rows.filter(pk__in=also, void__isnull=True)
    return list(with_charge_under_way(due).select_related("order").order_by("due_on", "id"))


def with_charge_under_way(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """The invoices, each with ``charge_under_way``: the id of the charge whose outcome is still to come."""
    open_lines = ChargeLine.objects.filter(invoice_id=OuterRef("pk"), is_open=True)
    return rows.annotate(charge_under_way=Subquery(open_lines.values("charge_id")[:1]))


def payment_types_for(rights: Collection[Right]) -> list[PaymentType]:
    """The types that someone with these rights may use, in the business's order.

    Charging a card is among them once a merchant account is in use.
    """
    no_charge = ~Q(kind=PaymentKind.CHARGE_NOW.value)
    can_charge = Exists(MerchantAccount.objects.filter(active=True))
    rows = PaymentType.objects.filter(
        no_charge | can_charge if Right.CHARGE_CARDS in rights else no_charge, active=True
    )
    if Right.ADJUST not in rights:
        rows = rows.exclude(kind=PaymentKind.ADJUSTMENT.value).exclude(needs_adjust_right=True)
    return list(rows.order_by("position", "id"))


def usual_type(types: Iterable[PaymentType], last_id: int | None) -> PaymentType | None:
    """The type to offer first: the one used last, else the first that goes into undeposited funds: Check."""
    offered = [one for one in types if one.kind == PaymentKind.MONEY.value]
    last = [one for one in offered if one.pk == last_id]
    checks = [one for one in offered if one.account_id == SystemAccount.UNDEPOSITED_FUNDS]
    return next(iter([*last, *checks, *offered]), None)


def refund_accounts() -> QuerySet[Account]:
    """The active accounts that money can be given back from by hand, by code.

    What a card processor holds only the processor can give back.
    """
    assets = Account.objects.filter(active=True, kind=AccountKind.ASSET.value)
    of_processors = MerchantAccount.objects.values("clearing_account_id")
    return assets.exclude(pk=int(SystemAccount.RECEIVABLE)).exclude(pk__in=of_processors)


def refunds_of(payment: Payment) -> list[Refund]:
    """What was given back of the payment, in order, also what was undone since; none of an adjustment."""
    if payment.kind == PaymentKind.ADJUSTMENT.value:
        return []
    return list(Refund.objects.filter(payment=payment).select_related("account", "reversal").order_by("id"))


def charge_of(payment: Payment) -> Charge | None:
    """The charge that the payment came from, with its card and account; no query for one by hand."""
    if payment.charge_id is None:
        return None
    return Charge.objects.select_related("payment_method", "merchant_account").get(pk=payment.charge_id)


def gateway_refunds_of(payment: Payment) -> list[GatewayRefund]:
    """Each attempt to give money of it back to its card, the latest first; no query for one by hand."""
    if payment.charge_id is None:
        return []
    rows = GatewayRefund.objects.select_related("charge__merchant_account").filter(payment=payment)
    return list(rows.order_by("-id"))


def disputes_of(payment: Payment) -> list[Dispute]:
    """The disputes of the payment, the latest first; no query for one by hand."""
    if payment.charge_id is None:
        return []
    return list(Dispute.objects.filter(payment=payment).order_by("-id"))


def rest_types() -> dict[Rest, TypeTerms]:
    """The payment type that a refund credits or writes off with: the first that is booked to that account.

    One that is out of use serves too, where there is no other: it was only taken from the choices.
    """
    found: dict[Rest, TypeTerms] = {}
    kinds = {int(account): rest for rest, account in REST_ACCOUNTS.items()}
    rows = PaymentType.objects.filter(kind=PaymentKind.ADJUSTMENT.value, account_id__in=kinds)
    for row in rows.order_by("-active", "position", "id"):
        terms = TypeTerms(row.pk, row.label, PaymentKind.ADJUSTMENT, row.account_id, active=True)
        found.setdefault(kinds[row.account_id], terms)
    return found


@dataclass(frozen=True, slots=True)
class AppliedTo:
    """What of a payment is applied to one invoice now."""

    invoice: Invoice
    amount: Money
    counts: bool


def applied_by(payment: Payment) -> list[AppliedTo]:
    """What the payment settles now, in the order it was applied: one row an invoice that has any of it.

    Whether it counts towards commissions is what was said last.
    """
    parts: dict[int, AppliedTo] = {}
    for row in sorted(payment.allocations.all(), key=lambda one: one.pk):
        before = parts[row.invoice_id].amount if row.invoice_id in parts else Money(0, payment.currency)
        amount = before + Money(row.amount_minor, payment.currency)
        parts[row.invoice_id] = AppliedTo(row.invoice, amount, row.apply_to_commissions)
    return [part for part in parts.values() if part.amount]


def payment_by_id(payment_id: int) -> Payment:
    """The payment with all that its page shows. Raises NotFound."""
    return row_by_id(_with_all_it_shows(), payment_id, "Payment")


def payment_just_made(payment_id: int) -> Payment:
    """The payment with what is said of it once it is made, and no more."""
    return _with_what_it_settles().get(pk=payment_id)


def payment_of_charge(charge_id: int) -> Payment:
    """As ``payment_just_made``, the payment that a charge which succeeded became."""
    return _with_what_it_settles().get(charge_id=charge_id)


def _with_what_it_settles() -> QuerySet[Payment]:
    invoice = ("invoice__number", "invoice__order_id", "invoice__balance_due_minor")
    applied = Allocation.objects.select_related("invoice").only(
        "payment_id", "amount_minor", "apply_to_commissions", *invoice
    )
    rows = Payment.objects.only(
        "number", "contact_id", "charge_id", "currency", "amount_minor", "credit_minor"
    )
    return rows.prefetch_related(Prefetch("allocations", applied))


def _with_all_it_shows() -> QuerySet[Payment]:
    applied = Allocation.objects.select_related("invoice__order")
    rows = Payment.objects.select_related("contact", "payment_type__account", "reversal", "bank_return")
    return rows.prefetch_related(Prefetch("allocations", applied))


def account_of(payment: Payment) -> Account:
    """The account that the payment was booked to; its type may have another one today."""
    kinds = (TransferKind.PAYMENT_RECEIVED.value, TransferKind.ADJUSTMENT.value)
    booked = Transfer.objects.filter(payment_id=payment.pk, kind__in=kinds, corrects_id__isnull=True)
    return booked.select_related("debit_account").get().debit_account
