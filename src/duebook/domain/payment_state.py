"""A payment as it stands, and what every later act on it shares: its rows, its refusals, its consequences.

Invariant: what comes off an invoice goes back to the payment, so that the payment's parts still add up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_steps import CommissionStep, CounterChange
from duebook.domain.errors import (
    AboveBalance,
    AlreadyDisputed,
    AlreadyRefunded,
    AlreadyReturned,
    AlreadyReversed,
    BalanceChanged,
    CurrencyMismatch,
    InvoiceOfOtherContact,
    InvoicePaid,
    InvoiceVoid,
    NotFound,
    PeriodClosed,
    RefundUnderWay,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import Movement, OpenInvoice, Share


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A payment as it stands; amounts in minor units."""

    id: int
    number: int
    contact_id: int
    kind: PaymentKind
    currency: str
    amount_minor: int
    allocated_minor: int
    refunded_minor: int
    returned_minor: int
    reversed_minor: int
    received_on: date
    account_id: int
    counts: bool
    from_gateway: bool
    returned_on: date | None = None
    refund_under_way: bool = False
    disputed_minor: int = 0
    """What of ``returned_minor`` disputes took; the other part the bank returned whole."""

    @property
    def label(self) -> str:
        return f"P-{self.number}"

    @property
    def credit_minor(self) -> int:
        used = self.allocated_minor + self.refunded_minor + self.returned_minor + self.reversed_minor
        return self.amount_minor - used

    @property
    def refundable_minor(self) -> int:
        """What was neither refunded nor returned nor reversed."""
        return self.amount_minor - self.refunded_minor - self.returned_minor - self.reversed_minor


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """One allocation as it was written; a negative amount took something off."""

    invoice_id: int
    minor: int
    counts: bool
    applied_on: date


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """What an act does to one invoice's balance due."""

    invoice_id: int
    number: int
    before: Money
    after: Money


def require_open_day(day: date, closed_until: date | None, *, field: str = "received_on") -> None:
    """Raise PeriodClosed when the day lies in the closed period."""
    if closed_until is not None and day <= closed_until:
        raise PeriodClosed(field=field, closed_until=closed_until)


def check_open(invoice: OpenInvoice | None, share: Share, contact_id: int) -> OpenInvoice:
    """The invoice, if the share may be applied to it now.

    Raises NotFound, InvoiceOfOtherContact, InvoiceVoid, CurrencyMismatch, InvoicePaid, BalanceChanged,
    AboveBalance.
    """
    if invoice is None:
        raise NotFound(field="invoice", what="Invoice", id=share.invoice_id)
    if invoice.contact_id != contact_id:
        raise InvoiceOfOtherContact(number=invoice.label)
    if invoice.is_void:
        raise InvoiceVoid(number=invoice.label)
    if invoice.currency != share.amount.currency:
        raise CurrencyMismatch(given=share.amount.currency, expected=invoice.currency)
    if share.amount > invoice.balance:
        if not invoice.balance:
            raise InvoicePaid(number=invoice.label)
        if share.balance_seen is not None and share.balance_seen != invoice.balance:
            raise BalanceChanged(number=invoice.label, balance=invoice.balance)
        raise AboveBalance(balance=invoice.balance)
    return invoice


def require_standing(payment: PaymentState) -> None:
    """Raise AlreadyReversed, AlreadyReturned or AlreadyRefunded when nothing is left to act on.

    Raises AlreadyDisputed where a dispute took what was left, RefundUnderWay while the gateway is giving
    money of it back.
    """
    if payment.reversed_minor:
        raise AlreadyReversed(number=payment.label)
    if not payment.refundable_minor:
        if payment.returned_minor > payment.disputed_minor:
            raise AlreadyReturned(number=payment.label, date=payment.returned_on)
        if payment.disputed_minor:
            raise AlreadyDisputed(number=payment.label)
        raise AlreadyRefunded(number=payment.label)
    if payment.refund_under_way:
        raise RefundUnderWay(number=payment.label)


def allocated(row: AllocationRow) -> Movement:
    """The transfer of a positive allocation row."""
    credit, receivable = int(SystemAccount.CUSTOMER_CREDIT), int(SystemAccount.RECEIVABLE)
    return Movement(TransferKind.ALLOCATED, credit, receivable, row.minor, row.applied_on, row.invoice_id)


def deallocated(row: AllocationRow) -> Movement:
    """The transfer of a negative allocation row."""
    credit, receivable = int(SystemAccount.CUSTOMER_CREDIT), int(SystemAccount.RECEIVABLE)
    return Movement(TransferKind.DEALLOCATED, receivable, credit, -row.minor, row.applied_on, row.invoice_id)


def commissions_after(
    rows: Iterable[AllocationRow],
    kind: PaymentKind,
    invoices: Mapping[int, OpenInvoice],
    *,
    went_back: bool = False,
) -> tuple[CommissionStep, ...]:
    """The commission steps of each invoice, all rows of the act together, dated as the newest of them."""
    changes: dict[int, tuple[CounterChange, date]] = {}
    for row in rows:
        change = CounterChange.allocated(row.minor, counts=row.counts, is_money=kind is PaymentKind.MONEY)
        if went_back:
            change += CounterChange(back=-row.minor)
        sofar, day = changes.get(row.invoice_id, (CounterChange(), row.applied_on))
        changes[row.invoice_id] = (sofar + change, max(day, row.applied_on))
    return tuple(
        step
        for invoice_id, (change, day) in sorted(changes.items())
        for step in invoices[invoice_id].steps(change, day)
    )


def sums_by_invoice(rows: Iterable[AllocationRow]) -> dict[int, int]:
    """What the rows apply to each invoice in all, in minor units; what they take off is negative."""
    sums: dict[int, int] = {}
    for row in rows:
        sums[row.invoice_id] = sums.get(row.invoice_id, 0) + row.minor
    return sums


def balances_after(
    rows: Iterable[AllocationRow], invoices: Mapping[int, OpenInvoice]
) -> tuple[BalanceChange, ...]:
    """What the rows of an act do to each invoice's balance due; nothing where they cancel out."""
    sums = sums_by_invoice(rows)
    return balances_when_applied({pk: minor for pk, minor in sorted(sums.items()) if minor}, invoices)


def balances_when_applied(
    sums: Mapping[int, int], invoices: Mapping[int, OpenInvoice]
) -> tuple[BalanceChange, ...]:
    """Each invoice's balance due before and after so much, in minor units, is applied to it."""
    return tuple(
        BalanceChange(
            pk,
            invoices[pk].number,
            invoices[pk].balance,
            invoices[pk].balance - Money(minor, invoices[pk].currency),
        )
        for pk, minor in sums.items()
    )
