"""Undo a payment that was entered by mistake, with everything it caused."""

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db import transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.domain.reversing import ReversalDecision, decide_reversal
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.reversal_booking import book_reversal
from duebook.payments.state import PaymentRows, lock_payment, read_payment, uncorrected_transfers
from duebook.staff.queries import business

PREVIEW_REASON = "preview"


class Recorded(Protocol):
    """Who recorded a payment or refund, and when."""

    @property
    def recorded_by_id(self) -> int: ...

    @property
    def recorded_at(self) -> datetime: ...


def may_reverse(recorded: Recorded, actor: Actor, on: date) -> bool:
    """Whether the actor may undo it: any, or what is one's own on the day it was recorded."""
    return actor.may(Right.UNDO_ANY) or _own_of_today(recorded, actor, on)


def require_may_reverse(recorded: Recorded, amount: Money, actor: Actor, on: date) -> None:
    """Raise Forbidden unless the actor may undo it, AboveLimit where it is another's and too large."""
    if _own_of_today(recorded, actor, on):
        actor.require(Right.UNDO_OWN_TODAY)
    else:
        actor.require_within(Right.UNDO_ANY, amount)


def preview_reversal(*, payment_id: int, actor: Actor, on: date) -> ReversalDecision:
    """Everything that undoing the payment would do; writes nothing. Raises as ``reverse_payment``."""
    return _decide(read_payment(payment_id), PREVIEW_REASON, actor, on)


@transaction.atomic
def reverse_payment(
    *, payment_id: int, reason: str, request_key: str, actor: Actor, on: date
) -> ReversalDecision | None:
    """Undo the payment; None when this very request did so before.

    Locks the contact, the invoices and the payment. Records ``payment.reversed``.
    Raises NotFound, Forbidden, AboveLimit, CardNumberTyped, ReasonRequired, AlreadyReversed, AlreadyReturned,
    GatewayPaymentFixed, PeriodClosed, KeyReused.
    """
    lock_payment(payment_id)
    hashed = input_hash({"payment_id": payment_id, "reason": reason})
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    decision = _decide(read_payment(payment_id), reason, actor, on)
    book_reversal(decision, reason=reason, actor=actor, on=on, request_key=request_key, hashed=hashed)
    return decision


def _decide(rows: PaymentRows, reason: str, actor: Actor, on: date) -> ReversalDecision:
    require_may_reverse(rows, Money(rows.state.amount_minor, rows.state.currency), actor, on)
    refuse_card_numbers(reason=reason)
    return decide_reversal(
        rows.state,
        on=on,
        reason=reason,
        allocations=rows.allocations,
        transfers=uncorrected_transfers(rows.state.id),
        invoices=rows.invoices,
        closed_until=rows.closed_until,
    )


def _own_of_today(recorded: Recorded, actor: Actor, on: date) -> bool:
    recorded_on = recorded.recorded_at.astimezone(ZoneInfo(business().time_zone)).date()
    return actor.may(Right.UNDO_OWN_TODAY) and recorded.recorded_by_id == actor.user_id and recorded_on == on
