"""Deciding what moving a part of a payment from one invoice to another does, or releasing it to credit.

Invariant: moving never touches the money, and what counts for commissions goes on counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.errors import (
    AdjustmentIsFixed,
    AmountNotPositive,
    CurrencyMismatch,
    InvoiceTwice,
    NotEnoughApplied,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    allocated,
    balances_after,
    check_open,
    commissions_after,
    deallocated,
    require_open_day,
    require_standing,
)
from duebook.domain.recording import Movement, OpenInvoice, Share


@dataclass(frozen=True, slots=True)
class MoveDecision:
    """Everything that moving a part of a payment between invoices writes."""

    payment: PaymentState
    amount: Money
    allocations: tuple[AllocationRow, ...]
    movements: tuple[Movement, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


def decide_move(
    payment: PaymentState,
    *,
    on: date,
    from_invoice_id: int,
    to_invoice_id: int | None,
    amount: Money,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> MoveDecision:
    """Take a part of a payment off one invoice, dated ``on``, and apply it to another of the same contact, or
    to none: then it is credit on account. What counts for commissions goes on counting.

    Raises AdjustmentIsFixed, AmountNotPositive, CurrencyMismatch, InvoiceTwice, NotEnoughApplied,
    PeriodClosed and what ``require_standing`` and ``check_open`` raise.
    """
    if payment.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentIsFixed(number=payment.label)
    require_standing(payment)
    if amount.minor <= 0:
        raise AmountNotPositive
    if amount.currency != payment.currency:
        raise CurrencyMismatch(given=amount.currency, expected=payment.currency)
    require_open_day(on, closed_until)
    if to_invoice_id == from_invoice_id:
        raise InvoiceTwice(number=invoices[from_invoice_id].label)
    here = [row for row in allocations if row.invoice_id == from_invoice_id]
    applied = Money(sum(row.minor for row in here), payment.currency)
    if amount > applied:
        raise NotEnoughApplied(number=payment.label, applied=applied)
    taken_off = _take_off(here, amount.minor, first_counts=payment.counts, day=on)
    rows = list(taken_off)
    if to_invoice_id is not None:
        target = invoices.get(to_invoice_id)
        check_open(target, Share(to_invoice_id, amount), payment.contact_id)
        rows += [AllocationRow(to_invoice_id, -row.minor, row.counts, row.applied_on) for row in taken_off]
    return MoveDecision(
        payment=payment,
        amount=amount,
        allocations=tuple(rows),
        movements=tuple(deallocated(row) if row.minor < 0 else allocated(row) for row in rows),
        balances=balances_after(rows, invoices),
        commissions=commissions_after(rows, payment.kind, invoices),
    )


def _take_off(
    rows: Sequence[AllocationRow], minor: int, *, first_counts: bool, day: date
) -> list[AllocationRow]:
    """Negative rows that take the amount off, from the payment's own answer to Apply to Commissions first."""
    taken = []
    for counts in (first_counts, not first_counts):
        net = sum(row.minor for row in rows if row.counts is counts)
        part = min(minor, net)
        if part > 0:
            taken.append(AllocationRow(rows[0].invoice_id, -part, counts, day))
            minor -= part
    return taken
