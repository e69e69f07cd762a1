"""Deciding what undoing a refund does: no money had gone back, or the gateway says that it came back.

Invariant: undoing one that was entered by mistake leaves the payment, its invoices and the books as if it
had never been, on every date of an open period, unless the balance that it re-opened was used in between.
What was credited or written off in its act is undone with it. Money that came back did move, so it is booked
on the day of the undoing, and what an invoice no longer takes is credit on account.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

from duebook.domain.commission_steps import CommissionStep, CounterChange
from duebook.domain.errors import (
    AlreadyReturned,
    GatewayRefundFixed,
    ReasonRequired,
    RefundAlreadyReversed,
    RefundUnderWay,
    RefundUsedSince,
)
from duebook.domain.money import Money
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    balances_when_applied,
    commissions_after,
    require_open_day,
    sums_by_invoice,
)
from duebook.domain.recording import OpenInvoice
from duebook.domain.refunding import RefundMeans
from duebook.domain.reversing import (
    Mirrored,
    ReversalDecision,
    TransferRow,
    decide_reversal,
    mirror,
    run_back,
)


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund as it was written: what it took off invoices (negative rows) and its transfers.

    ``used`` are the invoices that something else was applied to or taken off since; ``came_back`` whether the
    gateway says that it failed after it had succeeded.
    """

    id: int
    amount_minor: int
    means: RefundMeans
    is_reversed: bool
    taken_off: tuple[AllocationRow, ...]
    transfers: tuple[TransferRow, ...]
    used: Set[int] = frozenset()
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class Credited:
    """The payment by which a refund credited or wrote off what shall not be owed, as it stands."""

    payment: PaymentState
    allocations: tuple[AllocationRow, ...]
    transfers: tuple[TransferRow, ...]


@dataclass(frozen=True, slots=True)
class RefundReversalDecision:
    """Everything that undoing a refund writes; ``adjustment`` is the undoing of what it credited, if any."""

    payment: PaymentState
    refund: RefundRow
    allocations: tuple[AllocationRow, ...]
    mirrored: tuple[Mirrored, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()
    adjustment: ReversalDecision | None = None

    @property
    def amount(self) -> Money:
        return Money(self.refund.amount_minor, self.payment.currency)

    @property
    def applied(self) -> Money:
        """What is applied to invoices again."""
        return Money(sum(row.minor for row in self.allocations), self.payment.currency)

    @property
    def credit_back(self) -> Money:
        """What is credit on account again."""
        return self.amount - self.applied


def decide_refund_reversal(
    payment: PaymentState,
    refund: RefundRow,
    *,
    on: date,
    reason: str,
    credited: Credited | None,
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> RefundReversalDecision:
    """Undo a refund by hand: each row gets a counter row, dated as the row it undoes while that period is
    open, else ``on``. An invoice whose balance was used since is settled again ``on``, so that it is below
    zero on no day.

    A refund through the gateway is undone ``on`` when it came back; an invoice that cannot take all again
    what came off it keeps what it has, and that money is credit on account.

    Refund 50.00 of 100.00, 20.00 from credit and 30.00 off an invoice, 10.00 of them credited: the adjustment
    of 10.00 is undone, 30.00 is applied again, 20.00 is credit again.
    Raises ReasonRequired, GatewayRefundFixed, RefundAlreadyReversed, AlreadyReturned, RefundUnderWay,
    PeriodClosed, RefundUsedSince.
    """
    if not reason.strip():
        raise ReasonRequired
    _check_state(payment, refund)
    require_open_day(on, closed_until)
    adjustment = _undo_crediting(credited, on, reason, invoices, closed_until)
    after = {pk: replace(invoice) for pk, invoice in invoices.items()}
    if adjustment is not None:
        run_back(adjustment, after)

    def dated(day: date, invoice_id: int | None) -> date:
        is_closed = closed_until is not None and day <= closed_until
        return on if refund.came_back or invoice_id in refund.used or is_closed else day

    again = tuple(
        replace(row, minor=-row.minor, applied_on=dated(row.applied_on, row.invoice_id))
        for row in refund.taken_off
    )
    if refund.came_back:
        again = _that_fit(again, after)
    else:
        _check_room(again, after)
    fitted = {row.invoice_id for row in again}
    left_off = {row.invoice_id for row in refund.taken_off} - fitted
    return RefundReversalDecision(
        payment=payment,
        refund=refund,
        allocations=again,
        mirrored=tuple(
            mirror(row, dated(row.effective_on, row.invoice_id))
            for row in refund.transfers
            if row.invoice_id not in left_off
        ),
        balances=_balances(again, adjustment, invoices),
        commissions=_steps(again, left_off, refund, payment, after, on),
        adjustment=adjustment,
    )


def _undo_crediting(
    credited: Credited | None,
    on: date,
    reason: str,
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> ReversalDecision | None:
    """Undo what the refund credited or wrote off, unless somebody has undone it already."""
    if credited is None or credited.payment.reversed_minor:
        return None
    return decide_reversal(
        credited.payment,
        on=on,
        reason=reason,
        allocations=credited.allocations,
        transfers=credited.transfers,
        invoices=invoices,
        closed_until=closed_until,
    )


def _check_state(payment: PaymentState, refund: RefundRow) -> None:
    if refund.means is RefundMeans.GATEWAY and not refund.came_back:
        raise GatewayRefundFixed(number=payment.label)
    if refund.is_reversed:
        raise RefundAlreadyReversed(number=payment.label)
    if payment.returned_minor > payment.disputed_minor:
        raise AlreadyReturned(number=payment.label, date=payment.returned_on)
    if payment.refund_under_way:
        raise RefundUnderWay(number=payment.label)


def _check_room(again: Iterable[AllocationRow], invoices: Mapping[int, OpenInvoice]) -> None:
    """Whether each invoice still takes all that came off it."""
    for invoice_id, minor in sums_by_invoice(again).items():
        invoice = invoices[invoice_id]
        if minor > invoice.balance.minor:
            raise RefundUsedSince(
                needed=Money(minor, invoice.currency), number=invoice.label, balance=invoice.balance
            )


def _steps(
    again: Iterable[AllocationRow],
    left_off: Set[int],
    refund: RefundRow,
    payment: PaymentState,
    invoices: Mapping[int, OpenInvoice],
    on: date,
) -> tuple[CommissionStep, ...]:
    """The steps of every invoice that money had gone back from, also of one that takes nothing again."""
    gone = sums_by_invoice(row for row in refund.taken_off if row.invoice_id in left_off)
    steps = (
        step
        for invoice_id, minor in sorted(gone.items())
        for step in invoices[invoice_id].steps(CounterChange(back=minor), on)
    )
    return (*commissions_after(again, payment.kind, invoices, went_back=True), *steps)


def _that_fit(
    again: Iterable[AllocationRow], invoices: Mapping[int, OpenInvoice]
) -> tuple[AllocationRow, ...]:
    """The rows of the invoices that still take all that came off them."""
    rows = tuple(again)
    needed = sums_by_invoice(rows)
    return tuple(row for row in rows if needed[row.invoice_id] <= invoices[row.invoice_id].balance.minor)


def _balances(
    again: Sequence[AllocationRow],
    adjustment: ReversalDecision | None,
    invoices: Mapping[int, OpenInvoice],
) -> tuple[BalanceChange, ...]:
    """Every invoice that the undoing touches, also one whose balance stays what it was."""
    sums = sums_by_invoice((*again, *(adjustment.allocations if adjustment else ())))
    return balances_when_applied(dict(sorted(sums.items())), invoices)
