"""Deciding what undoing a payment that was entered by mistake does.

Invariant: a reversal leaves every balance as if the payment had never been, on every date of an open period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duebook.domain.accounts import TransferKind
from duebook.domain.commission_steps import CommissionStep, CounterChange, stepped
from duebook.domain.errors import GatewayPaymentFixed, ReasonRequired, RefundedInPart
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    balances_after,
    commissions_after,
    require_open_day,
    require_standing,
)
from duebook.domain.recording import Movement, OpenInvoice


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One transfer as it was written."""

    id: int
    kind: TransferKind
    debit: int
    credit: int
    minor: int
    effective_on: date
    invoice_id: int | None


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A transfer that takes back an earlier one."""

    movement: Movement
    corrects_id: int


def mirror(row: TransferRow, day: date) -> Mirrored:
    """The transfer that takes the row back, on that day."""
    return Mirrored(Movement(row.kind, row.credit, row.debit, row.minor, day, row.invoice_id), row.id)


@dataclass(frozen=True, slots=True)
class ReversalDecision:
    """Everything that undoing a payment writes."""

    payment: PaymentState
    amount: Money
    credit_gone: Money
    allocations: tuple[AllocationRow, ...]
    mirrored: tuple[Mirrored, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


def decide_reversal(
    payment: PaymentState,
    *,
    on: date,
    reason: str,
    allocations: Sequence[AllocationRow],
    transfers: Sequence[TransferRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> ReversalDecision:
    """Undo a payment entered by mistake: each row gets a counter row, dated as the row it undoes while that
    period is open, else ``on``.

    Raises ReasonRequired, GatewayPaymentFixed, AlreadyReversed, AlreadyReturned, AlreadyRefunded,
    RefundedInPart, PeriodClosed.
    """
    if not reason.strip():
        raise ReasonRequired
    if payment.from_gateway:
        raise GatewayPaymentFixed(number=payment.label)
    require_standing(payment)
    if payment.refunded_minor:
        refunded = Money(payment.refunded_minor, payment.currency)
        raise RefundedInPart(number=payment.label, refunded=refunded)
    require_open_day(on, closed_until)

    def dated(day: date) -> date:
        return on if closed_until is not None and day <= closed_until else day

    taken_off = tuple(
        AllocationRow(row.invoice_id, -row.minor, row.counts, dated(row.applied_on)) for row in allocations
    )
    return ReversalDecision(
        payment=payment,
        amount=Money(payment.amount_minor, payment.currency),
        credit_gone=Money(payment.credit_minor, payment.currency),
        allocations=taken_off,
        mirrored=tuple(mirror(row, dated(row.effective_on)) for row in transfers),
        balances=balances_after(taken_off, invoices),
        commissions=commissions_after(taken_off, payment.kind, invoices),
    )


def run_back(decision: ReversalDecision, invoices: Mapping[int, OpenInvoice]) -> None:
    """Bring the invoices to the state after the undoing, for what is decided in the payment's place."""
    is_money = decision.payment.kind is PaymentKind.MONEY
    for row in decision.allocations:
        if row.invoice_id in invoices:
            change = CounterChange.allocated(row.minor, counts=row.counts, is_money=is_money)
            invoices[row.invoice_id].run_on(change)
    for invoice in invoices.values():
        steps = [step for step in decision.commissions if step.invoice_id == invoice.id]
        if steps:
            invoice.accruals = tuple(stepped(step) for step in steps)
