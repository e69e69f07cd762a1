"""The life of a dispute, a customer's bank asking for the money of a charge back, and what it books.

Invariants: what is booked follows what the gateway says that it has taken, in any order of messages; money
that has gone is booked as far as the payment has any left, never refused; what comes back mirrors it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_steps import CommissionStep, CounterChange
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    allocated,
    balances_after,
    commissions_after,
    deallocated,
)
from duebook.domain.recording import Movement, OpenInvoice
from duebook.domain.taking_off import take_off


class DisputeState(StrEnum):
    OPEN = "open"
    """The bank has not decided; most gateways hold the money back meanwhile."""
    WON = "won"
    LOST = "lost"


DISPUTE_TRANSITIONS: Mapping[DisputeState, frozenset[DisputeState]] = {
    DisputeState.OPEN: frozenset({DisputeState.WON, DisputeState.LOST}),
    # A customer may withdraw a dispute that was lost already.
    DisputeState.LOST: frozenset({DisputeState.WON}),
    DisputeState.WON: frozenset(),
}
"""Which state may follow which; a trigger of the database keeps to the same table."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a gateway says of a dispute: its state, the money that is gone, the fee that it keeps."""

    state: DisputeState
    taken_minor: int
    fee_minor: int


def after_seeing_dispute(known: Claim | None, seen: Claim) -> Claim:
    """The claim after an observation; one that may not follow changes nothing.

    Of two in one state an open or lost dispute has taken the larger amount, a won one the smaller: money goes
    before the end and comes back after it. Applied in any order, the same observations end the same.
    """
    if known is None or seen.state in DISPUTE_TRANSITIONS[known.state]:
        return seen
    if seen.state is not known.state:
        return known
    choose = min if seen.state is DisputeState.WON else max
    return Claim(
        seen.state,
        choose(known.taken_minor, seen.taken_minor),
        choose(known.fee_minor, seen.fee_minor),
    )


@dataclass(frozen=True, slots=True)
class DisputeDecision:
    """What taking money of a payment away, or bringing it back, writes; ``back`` is for commissions."""

    payment: PaymentState
    minor: int
    booked_on: date
    allocations: tuple[AllocationRow, ...]
    movements: tuple[Movement, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...]
    back: Mapping[int, int]


def first_open_day(day: date, closed_until: date | None) -> date:
    """The day, or the first one after the closed period."""
    if closed_until is not None and closed_until >= day:
        return closed_until + timedelta(days=1)
    return day


def decide_taking(
    payment: PaymentState,
    minor: int,
    *,
    on: date,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> DisputeDecision:
    """A dispute has taken so much of the payment: first its credit on account, then what was applied last.

    Payment 100.00 with 30.00 credit, 50.00 taken: 20.00 of its newest invoice is owed again. The amount is at
    most what is left of the payment. Dated ``on``, or the first open day; never before the payment.
    """
    day = first_open_day(max(on, payment.received_on), closed_until)
    taken_off = take_off(allocations, max(0, minor - payment.credit_minor), day=day)
    credit = int(SystemAccount.CUSTOMER_CREDIT)
    return DisputeDecision(
        payment=payment,
        minor=minor,
        booked_on=day,
        allocations=taken_off,
        movements=(
            *(deallocated(row) for row in taken_off),
            Movement(TransferKind.RETURNED, credit, payment.account_id, minor, day),
        ),
        balances=balances_after(taken_off, invoices),
        commissions=commissions_after(taken_off, payment.kind, invoices, went_back=True),
        back=_back_of(taken_off),
    )


def decide_bringing_back(
    payment: PaymentState,
    minor: int,
    *,
    on: date,
    taken_off: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> DisputeDecision:
    """The money of an earlier taking is back: applied again to what it came off, as far as that takes it.

    What an invoice no longer takes, because it was paid otherwise or is void, is credit on account. For the
    commissions the money never went back. Dated ``on``, or the first open day; never before the taking.
    """
    day = first_open_day(max([on, *(row.applied_on for row in taken_off)]), closed_until)
    again = tuple(_apply_again(taken_off, invoices, day))
    back = _back_of(taken_off)
    credit = int(SystemAccount.CUSTOMER_CREDIT)
    return DisputeDecision(
        payment=payment,
        minor=-minor,
        booked_on=day,
        allocations=again,
        movements=(
            Movement(TransferKind.RETURNED, payment.account_id, credit, minor, day),
            *(allocated(row) for row in again),
        ),
        balances=balances_after(again, invoices),
        commissions=tuple(_steps_back(again, back, invoices, day)),
        back={invoice_id: -gone for invoice_id, gone in back.items()},
    )


def fee_movement(account_id: int, minor: int, day: date) -> Movement:
    """The fee of a dispute: positive when the gateway takes it, negative when it gives it back."""
    fees = int(SystemAccount.PROCESSOR_FEES)
    debit, credit = (fees, account_id) if minor > 0 else (account_id, fees)
    return Movement(TransferKind.PROCESSOR_FEE, debit, credit, abs(minor), day)


def _apply_again(
    taken_off: Iterable[AllocationRow], invoices: Mapping[int, OpenInvoice], day: date
) -> Iterable[AllocationRow]:
    room = {pk: 0 if one.is_void else max(0, one.balance.minor) for pk, one in invoices.items()}
    for row in taken_off:
        part = min(-row.minor, room[row.invoice_id])
        room[row.invoice_id] -= part
        if part:
            yield AllocationRow(row.invoice_id, part, row.counts, day)


def _back_of(taken_off: Iterable[AllocationRow]) -> dict[int, int]:
    back: dict[int, int] = {}
    for row in taken_off:
        back[row.invoice_id] = back.get(row.invoice_id, 0) - row.minor
    return back


def _steps_back(
    again: Iterable[AllocationRow],
    back: Mapping[int, int],
    invoices: Mapping[int, OpenInvoice],
    day: date,
) -> Iterable[CommissionStep]:
    """The steps of every invoice that money had gone back from, also of one that takes nothing again."""
    changes = {invoice_id: CounterChange(back=-gone) for invoice_id, gone in back.items()}
    for row in again:
        changes[row.invoice_id] += CounterChange.allocated(row.minor, counts=row.counts, is_money=True)
    for invoice_id, change in sorted(changes.items()):
        yield from invoices[invoice_id].steps(change, day)
