"""Deciding what giving money of a payment back does, by hand or through a gateway.

Invariant: what is given back is the credit it takes and the part it takes off invoices; that part is what the
customer owes afterwards and what is credited or written off. No more goes back than the payment brought.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_steps import CommissionStep, CounterChange, stepped
from duebook.domain.errors import (
    AboveRefundable,
    AdjustmentIsFixed,
    AmountNotPositive,
    BeforeOrigin,
    CurrencyMismatch,
    FutureRefund,
    NoAdjustmentType,
    NotAppliedThere,
    NotFromGateway,
    OwesOutOfRange,
    ReasonRequired,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    balances_when_applied,
    commissions_after,
    deallocated,
    require_open_day,
    require_standing,
    sums_by_invoice,
)
from duebook.domain.recording import (
    Movement,
    OpenInvoice,
    PaymentDecision,
    PaymentInput,
    Share,
    TypeTerms,
    decide_payment,
)
from duebook.domain.taking_off import standing, take_off


class RefundMeans(StrEnum):
    """How the money goes back: through the gateway that charged it, or outside of Duebook."""

    BY_HAND = "by_hand"
    GATEWAY = "gateway"


class Rest(StrEnum):
    """What becomes of the re-opened balance that the customer shall not owe."""

    CREDIT = "credit"
    WRITE_OFF = "write_off"


REST_ACCOUNTS: Mapping[Rest, SystemAccount] = {
    Rest.CREDIT: SystemAccount.ALLOWANCES,
    Rest.WRITE_OFF: SystemAccount.BAD_DEBTS,
}
"""The account that an adjustment made by a refund is booked to."""


@dataclass(frozen=True, slots=True)
class RefundInput:
    """What the caller asks for.

    ``owes_afterwards`` is how much of the balance that the refund re-opens the customer shall still owe, None
    all of it; the other part is credited or written off, as ``rest`` says. ``from_invoice_id`` is the invoice
    to take from first; None takes what was applied last first.
    """

    amount: Money
    refunded_on: date
    account_id: int
    reason: str
    owes_afterwards: Money | None
    rest: Rest = Rest.CREDIT
    means: RefundMeans = RefundMeans.BY_HAND
    reference: str = ""
    from_invoice_id: int | None = None


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """Everything that a refund writes; ``adjustment`` is the payment that lowers what is owed, if any."""

    payment: PaymentState
    input: RefundInput
    credit_used: Money
    reopened: Money
    owes: Money
    allocations: tuple[AllocationRow, ...]
    movements: tuple[Movement, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()
    adjustment: PaymentDecision | None = None

    @property
    def amount(self) -> Money:
        return self.input.amount

    @property
    def not_owed(self) -> Money:
        """What of the re-opened balance is credited or written off."""
        return self.reopened - self.owes


def reopened_by(payment: PaymentState, amount: Money) -> Money:
    """What a refund of that amount takes off invoices: all that the payment's credit does not cover."""
    return Money(max(0, amount.minor - payment.credit_minor), amount.currency)


def decide_refund(
    payment: PaymentState,
    wanted: RefundInput,
    *,
    on: date,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    types: Mapping[Rest, TypeTerms],
    closed_until: date | None,
) -> RefundDecision:
    """Give a part of a payment back: first its credit on account, then what it was applied to last.

    Payment 100.00 with 30.00 credit, refund 50.00: 20.00 comes off its newest invoice; if 5.00 shall be owed
    afterwards, 15.00 is credited. Raises ReasonRequired, AdjustmentIsFixed, NotFromGateway, AlreadyReversed,
    AlreadyReturned, AlreadyRefunded, FutureRefund, BeforeOrigin, PeriodClosed, AmountNotPositive,
    CurrencyMismatch, AboveRefundable, NotAppliedThere, OwesOutOfRange, NoAdjustmentType.
    """
    _check_payment(payment, wanted)
    _check_day(payment, wanted.refunded_on, on, closed_until)
    _check_amount(payment, wanted)
    reopened = reopened_by(payment, wanted.amount)
    owes = reopened if wanted.owes_afterwards is None else wanted.owes_afterwards
    if not 0 <= owes.minor <= reopened.minor:
        raise OwesOutOfRange(reopened=reopened)
    taken_off = _take_off(allocations, reopened.minor, payment, wanted)
    steps = commissions_after(taken_off, payment.kind, invoices, went_back=True)
    after = _after(taken_off, steps, invoices)
    adjustment = _decide_adjustment(payment, wanted, reopened - owes, taken_off, after, types)
    return RefundDecision(
        payment=payment,
        input=wanted,
        credit_used=wanted.amount - reopened,
        reopened=reopened,
        owes=owes,
        allocations=taken_off,
        movements=(
            *(deallocated(row) for row in taken_off),
            Movement(
                TransferKind.REFUNDED,
                int(SystemAccount.CUSTOMER_CREDIT),
                wanted.account_id,
                wanted.amount.minor,
                wanted.refunded_on,
            ),
        ),
        balances=_balances(taken_off, adjustment, invoices),
        commissions=steps,
        adjustment=adjustment,
    )


def _check_payment(payment: PaymentState, wanted: RefundInput) -> None:
    if not wanted.reason.strip():
        raise ReasonRequired
    if payment.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentIsFixed(number=payment.label)
    if wanted.means is RefundMeans.GATEWAY and not payment.from_gateway:
        raise NotFromGateway(number=payment.label)
    require_standing(payment)


def _check_day(payment: PaymentState, day: date, on: date, closed_until: date | None) -> None:
    if day > on:
        raise FutureRefund(date=day)
    if day < payment.received_on:
        raise BeforeOrigin(field="refunded_on", date=day, earliest=payment.received_on)
    require_open_day(day, closed_until, field="refunded_on")


def _check_amount(payment: PaymentState, wanted: RefundInput) -> None:
    for field, given in (("amount", wanted.amount), ("owes_afterwards", wanted.owes_afterwards)):
        if given is not None and given.currency != payment.currency:
            raise CurrencyMismatch(field=field, given=given.currency, expected=payment.currency)
    if wanted.amount.minor <= 0:
        raise AmountNotPositive
    left = Money(payment.refundable_minor, payment.currency)
    if wanted.amount > left:
        raise AboveRefundable(number=payment.label, left=left)


def _take_off(
    allocations: Sequence[AllocationRow], minor: int, payment: PaymentState, wanted: RefundInput
) -> tuple[AllocationRow, ...]:
    """Negative rows of that amount, the chosen invoice's first, if something still stands there."""
    first = wanted.from_invoice_id
    if first is not None and not any(row.invoice_id == first for row in standing(allocations)):
        raise NotAppliedThere(number=payment.label)
    return take_off(allocations, minor, day=wanted.refunded_on, first_invoice_id=first)


def _after(
    taken_off: Sequence[AllocationRow], steps: Sequence[CommissionStep], invoices: Mapping[int, OpenInvoice]
) -> dict[int, OpenInvoice]:
    """The invoices as the refund leaves them, before anything is credited."""
    after = {row.invoice_id: replace(invoices[row.invoice_id]) for row in taken_off}
    for row in taken_off:
        change = CounterChange.allocated(row.minor, counts=row.counts, is_money=True)
        after[row.invoice_id].run_on(change + CounterChange(back=-row.minor))
    for invoice in after.values():
        invoice.accruals = tuple(stepped(step) for step in steps if step.invoice_id == invoice.id)
    return after


def _decide_adjustment(
    payment: PaymentState,
    wanted: RefundInput,
    not_owed: Money,
    taken_off: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    types: Mapping[Rest, TypeTerms],
) -> PaymentDecision | None:
    """The payment that lowers the re-opened balances, in the order in which they were re-opened.

    It never counts for commissions, and stands on the day on which the last of them is open again.
    """
    if not not_owed:
        return None
    left = not_owed.minor
    shares: dict[int, int] = {}
    for row in taken_off:
        part = min(left, -row.minor)
        shares[row.invoice_id] = shares.get(row.invoice_id, 0) + part
        left -= part
    currency = payment.currency
    day = max(row.applied_on for row in taken_off)
    terms = types.get(wanted.rest)
    if terms is None:
        raise NoAdjustmentType(account=REST_ACCOUNTS[wanted.rest].name.replace("_", " ").lower())
    return decide_payment(
        PaymentInput(
            contact_id=payment.contact_id,
            amount=not_owed,
            payment_type_id=terms.id,
            received_on=day,
            shares=tuple(Share(pk, Money(minor, currency)) for pk, minor in shares.items() if minor),
            reference=payment.label,
            notes=wanted.reason.strip(),
            apply_to_commissions=False,
        ),
        on=day,
        types={terms.id: terms},
        invoices=invoices,
        closed_until=None,
    )


def _balances(
    taken_off: Sequence[AllocationRow],
    adjustment: PaymentDecision | None,
    invoices: Mapping[int, OpenInvoice],
) -> tuple[BalanceChange, ...]:
    """Every invoice that the refund touches, also one whose balance stays what it was."""
    sums = sums_by_invoice(taken_off)
    for part in adjustment.applied if adjustment else ():
        sums[part.invoice_id] += part.amount.minor
    return balances_when_applied(sums, invoices)
