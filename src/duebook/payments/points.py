"""Named points between every two steps of a charge, where a test lets the process end.

Reaching a point does nothing in production. A step without a point before it fails a test.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Point(StrEnum):
    """In the order in which a charge reaches them."""

    PREPARE_BEGUN = "prepare begun"
    PREPARE_LOCKED = "prepare locked"
    PREPARE_DECIDED = "prepare decided"
    PREPARE_CHARGE_WRITTEN = "prepare: charge written"
    PREPARE_LINES_WRITTEN = "prepare: lines written"
    PREPARE_EVENT_WRITTEN = "prepare: event written"
    PREPARE_USE_COUNTED = "prepare: counted for the day"
    PREPARED = "prepared"
    LINK_NOTED = "pay link: charge noted"
    MARKED_SENT = "marked sent"
    CREATE_CALLED = "create: before the call"
    CREATE_ANSWERED = "create: answered"
    HANDLE_NOTED = "handle noted"
    CONFIRM_CALLED = "confirm: before the call"
    CONFIRM_ANSWERED = "confirm: answered"
    BUSY_NOTED = "confirm: busy, noted"
    SETTLE_BEGUN = "settle begun"
    SETTLE_LOCKED = "settle locked"
    SETTLE_APPROVED = "settle: proposal approved"
    SETTLE_OBSERVED = "settle: observation written"
    SETTLE_PLANNED = "settle: payment planned"
    SETTLE_BOOKED = "settle: payment booked"
    SETTLE_RECEIPT_ASKED = "settle: receipt asked for"
    SETTLE_LINES_CLOSED = "settle: lines closed"
    SETTLE_STATE_WRITTEN = "settle: state written"
    SETTLE_CLEARED = "settle: earlier settlements counted"
    SETTLE_LINK_REOPENED = "settle: payment by link to be seen to again"
    SETTLE_EVENT_WRITTEN = "settle: event written"
    SETTLE_USE_COUNTED = "settle: counted for the day"
    SETTLED = "settled"
    DROP_BEGUN = "drop: begun"
    CALL_OFF_BEGUN = "call off: begun"
    CALL_OFF_TAKEN_BACK = "call off: those that fit again wait on"
    CALL_OFF_TURN_WRITTEN = "call off: turn written"
    ASK_LOCKED = "ask: locked"
    ASK_TURN_WRITTEN = "ask: next turn written"
    ASK_CLAIMED = "ask: claimed"
    ASK_CALLED = "ask: before the call"
    ASK_ANSWERED = "ask: answered"
    CALL_OFF_NOTED = "call off: noted"
    ASK_CANCEL_CALLED = "ask: before cancelling"
    ASK_CANCEL_ANSWERED = "ask: cancelling answered"
    REFUND_BEGUN = "refund begun"
    REFUND_LOCKED = "refund locked"
    REFUND_APPROVED = "refund: request approved"
    REFUND_DECIDED = "refund decided"
    REFUND_WRITTEN = "refund: attempt written"
    REFUND_RESERVED = "refund: amount reserved"
    REFUND_EVENT_WRITTEN = "refund: event written"
    REFUND_USE_COUNTED = "refund: counted for the day"
    REFUND_PREPARED = "refund prepared"
    REFUND_MARK_WRITTEN = "refund: mark written"
    REFUND_MARKED_SENT = "refund marked sent"
    REFUND_VOID_CALLED = "refund: before voiding"
    REFUND_VOID_ANSWERED = "refund: voiding answered"
    REFUND_CALLED = "refund: before the call"
    REFUND_ANSWERED = "refund: answered"
    REFUND_SETTLE_BEGUN = "refund: settle begun"
    REFUND_SETTLE_LOCKED = "refund: settle locked"
    REFUND_SETTLE_APPROVED = "refund: proposal approved"
    REFUND_SETTLE_OBSERVED = "refund: observation written"
    REFUND_SETTLE_BOOKED = "refund: booked"
    REFUND_SETTLE_COUNTED = "refund: counted on the charge"
    REFUND_SETTLE_STATE_WRITTEN = "refund: state written"
    REFUND_SETTLE_END_WRITTEN = "refund: end written"
    REFUND_SETTLE_TURN_SET = "refund: first turn set"
    REFUND_SETTLE_EVENT_WRITTEN = "refund: its event written"
    REFUND_SETTLE_USE_COUNTED = "refund: settling counted for the day"
    REFUND_SETTLED = "refund settled"
    REFUND_ASK_LOCKED = "refund: ask locked"
    REFUND_ASK_TURN_WRITTEN = "refund: next turn written"
    REFUND_ASK_CLAIMED = "refund: ask claimed"
    REFUND_ASK_CALLED = "refund: before asking"
    REFUND_ASK_ANSWERED = "refund: asking answered"
    REFUND_OUTSIDE_CHARGE_SETTLED = "refund at the processor: its charge settled"
    REFUND_OUTSIDE_BEGUN = "refund at the processor: begun"
    REFUND_OUTSIDE_ATTEMPT_WRITTEN = "refund at the processor: attempt written"
    REFUND_OUTSIDE_COUNTED = "refund at the processor: counted on the charge"
    REFUND_OUTSIDE_WRITTEN = "refund at the processor: observation written"
    REFUND_OUTSIDE_BOOKED = "refund at the processor: booked"
    REFUND_OUTSIDE_ENDED = "refund at the processor: done"
    SETTLEMENTS_CALLED = "settlements: before the call"
    SETTLEMENTS_ANSWERED = "settlements: answered"
    SETTLEMENT_BEGUN = "settlement: begun"
    SETTLEMENT_LOCKED = "settlement: locked"
    SETTLEMENT_NET_POSTED = "settlement: net posted"
    SETTLEMENT_FEE_POSTED = "settlement: fee posted"
    SETTLEMENT_WRITTEN = "settlement: written"
    SETTLEMENT_LINES_WRITTEN = "settlement: lines written"
    SETTLEMENT_CLEARED = "settlement: counted on its charges"
    SETTLEMENT_EVENT_WRITTEN = "settlement: event written"
    SETTLEMENT_IMPORTED = "settlement: imported"
    SETTLEMENT_RETURN_BEGUN = "returned settlement: begun"
    SETTLEMENT_RETURN_LOCKED = "returned settlement: locked"
    SETTLEMENT_RETURN_POSTED = "returned settlement: posted"
    SETTLEMENT_RETURN_WRITTEN = "returned settlement: written"
    SETTLEMENT_RETURN_CLEARED = "returned settlement: what was paid again counted"
    SETTLEMENT_RETURN_EVENT_WRITTEN = "returned settlement: event written"
    SETTLEMENT_RETURNED = "returned settlement: booked back"
    DISPUTE_FETCHED = "dispute: fetched"
    DISPUTE_CHARGE_SETTLED = "dispute: its charge settled"
    DISPUTE_BEGUN = "dispute: begun"
    DISPUTE_LOCKED = "dispute: locked"
    DISPUTE_WRITTEN = "dispute: written"
    DISPUTE_OBSERVED = "dispute: observation written"
    DISPUTE_TAKING_BOOKED = "dispute: taking booked"
    DISPUTE_RETURN_BOOKED = "dispute: what came back booked"
    DISPUTE_FEE_BOOKED = "dispute: fee booked"
    DISPUTE_BOOKING_NOTED = "dispute: booking noted"
    DISPUTE_COUNTED = "dispute: counted on the charge"
    DISPUTE_FEE_COUNTED = "dispute: fee counted on the charge"
    DISPUTE_STATE_WRITTEN = "dispute: state written"
    DISPUTE_EVENT_WRITTEN = "dispute: event written"
    DISPUTE_SETTLED = "dispute settled"
    WEBHOOK_READ = "webhook: read"
    WEBHOOK_FETCHED = "webhook: object fetched"
    WEBHOOK_SENT_NOTED = "webhook: noted that it was sent"
    WEBHOOK_APPLIED = "webhook: applied"
    WEBHOOK_TRY_WRITTEN = "webhook: try written"
    WEBHOOK_END_WRITTEN = "webhook: end written"
    WEBHOOK_DONE = "webhook: marked as done"


def _go_on(point: Point) -> None:
    """What happens at a point in production."""


_at_point: Callable[[Point], None] = _go_on


def reach(point: Point) -> None:
    """Say that the work has come so far."""
    _at_point(point)


@contextmanager
def at_each_point(do: Callable[[Point], None]) -> Iterator[None]:
    """For tests: do this at each point."""
    global _at_point  # noqa: PLW0603 - one hook for the process, set by tests alone
    before, _at_point = _at_point, do
    try:
        yield
    finally:
        _at_point = before
