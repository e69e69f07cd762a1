"""Apply one observation of a refund through a gateway; money that went back is booked with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from duebook.domain.charging import ask_again_after
from duebook.domain.errors import NotFound
from duebook.domain.gateway_refunds import (
    OPEN_REFUND_STATES,
    RefundState,
    after_seeing_refund,
    decide_refund_success,
)
from duebook.domain.permissions import Actor, Right, Source
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.day_limits import recount_refund
from duebook.payments.models import Charge, GatewayRefund, Observation
from duebook.payments.points import Point, reach
from duebook.payments.queries import rest_types
from duebook.payments.refund_plan import plan_refund
from duebook.payments.refund_reading import SeenState, not_owed_of, wanted_of
from duebook.payments.state import lock_payment, read_payment
from duebook.payments.write_path import Plan
from duebook.staff.queries import today


def settle_gateway_refund(
    *,
    attempt_id: int,
    seen: SeenState,
    channel: Observation.Channels,
    only_from: frozenset[RefundState] | None = None,
    approve: Callable[[], None] | None = None,
) -> RefundState:
    """Bring the refund to the state that the observation speaks for, if it may follow; returns its state.

    A success that the gateway says has failed since stays one, and waits for a person to book it back.

    With ``only_from`` nothing is done unless it is still in one of these states. ``approve`` runs in the same
    transaction, under the locks, before the observation is applied. Locks the contact, the invoices, the
    payment and the charge. Records ``payment.refunded`` or ``refund.failed``. Raises NotFound.
    """
    reach(Point.REFUND_SETTLE_BEGUN)
    state = _settle(attempt_id, seen, channel, only_from, approve)
    reach(Point.REFUND_SETTLED)
    return state


@transaction.atomic(durable=True)
def _settle(
    attempt_id: int,
    seen: SeenState,
    channel: Observation.Channels,
    only_from: frozenset[RefundState] | None,
    approve: Callable[[], None] | None,
) -> RefundState:
    attempt = _lock(attempt_id)
    before = RefundState(attempt.state)
    if only_from is not None and before not in only_from:
        return before
    if approve is not None:
        approve()
    reach(Point.REFUND_SETTLE_APPROVED)
    after = after_seeing_refund(before, seen.state)
    Observation.objects.create(
        charge_id=attempt.charge_id,
        gateway_refund=attempt,
        channel=channel,
        seen=seen.state.value,
        state_before=before.value,
        state_after=after.value,
        problem=seen.problem,
        payload=seen.payload,
    )
    reach(Point.REFUND_SETTLE_OBSERVED)
    if after is RefundState.SUCCEEDED and before is not RefundState.SUCCEEDED:
        _book(attempt, seen.happened_on or today())
    _count(attempt, before, after)
    _write_state(attempt, seen, before, after)
    if after is RefundState.FAILED and before is not RefundState.FAILED:
        _record_failure(attempt, seen)
    if after is not before and after not in OPEN_REFUND_STATES:
        _recount(attempt, before, after)
    return after


def _recount(attempt: GatewayRefund, before: RefundState, after: RefundState) -> None:
    """What the refund used of a day's limit: nothing when no money moved; a late success counts again."""
    if after is RefundState.FAILED:
        recount_refund(attempt.pk, happened=False)
    elif before not in OPEN_REFUND_STATES:
        recount_refund(attempt.pk, happened=True)
    reach(Point.REFUND_SETTLE_USE_COUNTED)


def _lock(attempt_id: int) -> GatewayRefund:
    """Lock the contact, invoices and payment, then the charge, and read the attempt. Raises NotFound."""
    found = GatewayRefund.objects.filter(pk=attempt_id).values_list("payment_id", "charge_id").first()
    if found is None:
        raise NotFound(what="Refund", id=attempt_id)
    payment_id, charge_id = found
    lock_payment(payment_id)
    list(Charge.objects.select_for_update(no_key=True, of=("self",)).filter(pk=charge_id).values_list("pk"))
    reach(Point.REFUND_SETTLE_LOCKED)
    return GatewayRefund.objects.select_related("charge__merchant_account").get(pk=attempt_id)


def _book(attempt: GatewayRefund, on: date) -> None:
    rows = read_payment(attempt.payment_id)
    decision = decide_refund_success(
        replace(rows.state, refund_under_way=False),
        wanted_of(attempt),
        on=on,
        allocations=rows.allocations,
        invoices=rows.invoices,
        types=rest_types(),
        closed_until=rows.closed_until,
        not_owed_most=not_owed_of(attempt),
    )
    plan = Plan()
    plan_refund(
        plan,
        decision,
        actor=Actor(attempt.prepared_by_id, frozenset(Right), Source(attempt.source)),
        request_key=f"refund:{attempt.pk}",
        hashed=input_hash([attempt.pk]),
        gateway_refund_id=attempt.pk,
    )
    write_path.book(plan)
    reach(Point.REFUND_SETTLE_BOOKED)


def _count(attempt: GatewayRefund, before: RefundState, after: RefundState) -> None:
    """What the charge counts as refunded and as reserved for this attempt."""
    was_reserved, is_reserved = before in OPEN_REFUND_STATES, after in OPEN_REFUND_STATES
    done = after is RefundState.SUCCEEDED and before is not RefundState.SUCCEEDED
    if was_reserved == is_reserved and not done:
        return
    released = attempt.amount_minor if was_reserved and not is_reserved else 0
    Charge.objects.filter(pk=attempt.charge_id).update(
        refunding_minor=F("refunding_minor") - released,
        refunded_minor=F("refunded_minor") + (attempt.amount_minor if done else 0),
    )
    reach(Point.REFUND_SETTLE_COUNTED)


def _write_state(attempt: GatewayRefund, seen: SeenState, before: RefundState, after: RefundState) -> None:
    attempt.state = after.value
    attempt.gateway_id = attempt.gateway_id or seen.gateway_id
    attempt.problem = seen.problem
    if before is RefundState.SUCCEEDED and seen.state is RefundState.FAILED:
        attempt.came_back_at = attempt.came_back_at or timezone.now()
    elif seen.state is RefundState.SUCCEEDED:
        attempt.came_back_at = None
    attempt.save(update_fields=["state", "gateway_id", "problem", "came_back_at"])
    reach(Point.REFUND_SETTLE_STATE_WRITTEN)
    if after not in OPEN_REFUND_STATES:
        GatewayRefund.objects.filter(pk=attempt.pk, settled_at=None).update(ask_at=None, settled_at=Now())
        reach(Point.REFUND_SETTLE_END_WRITTEN)
    elif before is RefundState.SENT:
        GatewayRefund.objects.filter(pk=attempt.pk).update(asked=0, ask_at=Now() + ask_again_after(0))
        reach(Point.REFUND_SETTLE_TURN_SET)


def _record_failure(attempt: GatewayRefund, seen: SeenState) -> None:
    record_event(
        name="refund.failed",
        actor=Actor(attempt.prepared_by_id, frozenset(), Source(attempt.source)),
        request_key=f"refund:{attempt.pk}:failed",
        hashed=input_hash([attempt.pk]),
        contact_id=attempt.charge.contact_id,
        payment_id=attempt.payment_id,
        payload={
            "gateway_refund_id": attempt.pk,
            "payment_id": attempt.payment_id,
            "number": str(attempt),
            "amount_minor": attempt.amount_minor,
            "currency": attempt.currency,
            "problem": seen.problem,
        },
    )
    reach(Point.REFUND_SETTLE_EVENT_WRITTEN)
