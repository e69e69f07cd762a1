"""Apply one observation of a charge, wherever it came from: a reply, a webhook, or asking.

A success is booked in the same transaction: payment, allocations, transfers, commissions, event. Applied
again or in another order, observations change nothing more.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from duebook.domain.charging import OPEN_STATES, ChargeState, after_seeing, ask_again_after
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor, Right, Source
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import charge_path, write_path
from duebook.payments.charge_booking import decide_booking
from duebook.payments.charge_path import LockedCharge
from duebook.payments.charge_reading import Seen
from duebook.payments.clearing import clear_by_earlier_lines
from duebook.payments.day_limits import recount_charge
from duebook.payments.models import Charge, LinkPayment, Observation
from duebook.payments.points import Point, reach
from duebook.payments.recording_plan import plan_recording
from duebook.payments.write_path import Plan
from duebook.staff.queries import today_in

_DENIALS = {
    ChargeState.DECLINED: "The processor says by now that it was declined.",
    ChargeState.NOT_PERFORMED: "The processor says by now that it was never carried out.",
}


def settle_charge(
    *,
    charge_id: int,
    seen: Seen,
    channel: Observation.Channels,
    only_from: frozenset[ChargeState] | None = None,
    without_handle: bool = False,
    approve: Callable[[], None] | None = None,
) -> ChargeState:
    """Bring the charge to the state that the observation speaks for, if it may follow; returns its state.

    With ``only_from`` and ``without_handle`` nothing is done unless the charge is still in one of these
    states and has no id of the gateway. ``approve`` runs in the same transaction, under the locks, before the
    observation is applied. Locks the invoices and the charge. Records ``payment.recorded``,
    ``charge.declined`` or ``charge.not_performed``. Raises NotFound.
    """
    reach(Point.SETTLE_BEGUN)
    state = _settle(charge_id, seen, channel, only_from, without_handle, approve)
    reach(Point.SETTLED)
    return state


@transaction.atomic(durable=True)
def _settle(
    charge_id: int,
    seen: Seen,
    channel: Observation.Channels,
    only_from: frozenset[ChargeState] | None,
    without_handle: bool,  # noqa: FBT001 - as asked for by the caller above
    approve: Callable[[], None] | None,
) -> ChargeState:
    locked = charge_path.lock_charge(charge_id)
    reach(Point.SETTLE_LOCKED)
    charge = locked.charge
    before = ChargeState(charge.state)
    if (only_from is not None and before not in only_from) or (without_handle and charge.gateway_id):
        return before
    if approve is not None:
        approve()
    reach(Point.SETTLE_APPROVED)
    after = after_seeing(before, seen.state)
    charge_path.write_observation(
        charge_id,
        channel=channel,
        seen=seen.state,
        before=before,
        after=after,
        problem=seen.problem,
        payload=seen.payload,
    )
    reach(Point.SETTLE_OBSERVED)
    if after is ChargeState.SUCCEEDED and before is not ChargeState.SUCCEEDED:
        _book(locked, seen.happened_on or today_in(locked.time_zone))
    if after not in OPEN_STATES:
        charge_path.close_lines(charge_id)
        reach(Point.SETTLE_LINES_CLOSED)
    _write_state(charge, seen, before, after)
    if after is ChargeState.SUCCEEDED and before in (ChargeState.DECLINED, ChargeState.NOT_PERFORMED):
        _reopen_link_payment(charge)
    if after is not before and after in (ChargeState.DECLINED, ChargeState.NOT_PERFORMED):
        _record_end(charge, seen, after)
    if after is not before and after not in OPEN_STATES:
        _recount(charge, before, after)
    return after


def _recount(charge: Charge, before: ChargeState, after: ChargeState) -> None:
    """What the charge used of a day's limit: nothing when no money moved; a late success counts again."""
    if after is not ChargeState.SUCCEEDED:
        recount_charge(charge.pk, happened=False)
    elif before not in OPEN_STATES:
        recount_charge(charge.pk, happened=True)
    reach(Point.SETTLE_USE_COUNTED)


def _write_state(charge: Charge, seen: Seen, before: ChargeState, after: ChargeState) -> None:
    """The new state with what stands beside it. What a state that did not follow brought stays unsaid.

    But for one that denies a success: the money is booked, so a person must look.
    """
    follows = after is seen.state
    problem = seen.problem or (_DENIALS.get(seen.state, "") if before is ChargeState.SUCCEEDED else "")
    values: dict[str, Any] = {"state": after.value, "gateway_id": charge.gateway_id or seen.gateway_id}
    if follows and seen.decline is not None:
        values["decline_kind"] = seen.decline.kind.value
        values["decline_code"] = seen.decline.code[:60]
        values["decline_message"] = seen.decline.message[:300]
    if follows or problem:
        values["action_url"] = seen.action_url if after is ChargeState.REQUIRES_ACTION else ""
        values["problem"] = problem
    if after is ChargeState.SUCCEEDED:
        values["captured_minor"] = charge.amount_minor
    if after not in OPEN_STATES:
        values["ask_at"] = None
        values["settled_at"] = charge.settled_at or Now()
    elif before is ChargeState.SENT and after is not ChargeState.SENT:
        # From here on the gateway is asked, first after a few seconds.
        values["asked"] = 0
        values["ask_at"] = Now() + ask_again_after(0)
    Charge.objects.filter(pk=charge.pk).update(**values)
    reach(Point.SETTLE_STATE_WRITTEN)
    if values["gateway_id"] != charge.gateway_id:
        clear_by_earlier_lines(charge.pk)
        reach(Point.SETTLE_CLEARED)


def _reopen_link_payment(charge: Charge) -> None:
    """What follows from a success, such as keeping the card, is still to be seen to."""
    LinkPayment.objects.filter(charge=charge).update(ended_at=None)
    reach(Point.SETTLE_LINK_REOPENED)


def _book(locked: LockedCharge, on: date) -> None:
    """The payment of a success, once: its charge is unique among payments."""
    charge = locked.charge
    actor = Actor(charge.prepared_by_id, frozenset(Right), Source(charge.source))
    key = f"charge:{charge.pk}"
    situation = write_path.read_situation(
        invoice_ids=[share.invoice_id for share in locked.shares],
        type_ids=[],
        type_kinds=[PaymentKind.CHARGE_NOW],
        contact_ids=[],
        actor_id=actor.user_id,
        request_keys=[],
        new_payments=1,
    )
    decision = decide_booking(
        contact_id=charge.contact_id,
        amount=Money(charge.amount_minor, charge.currency),
        lines=locked.shares,
        clearing_account_id=locked.clearing_account_id,
        apply_to_commissions=charge.apply_to_commissions,
        reference=str(charge),
        notes=charge.notes,
        on=on,
        situation=situation,
    )
    payment_id, number = situation.ids[0]
    plan = Plan()
    plan_recording(
        plan, decision, payment_id, number, actor, key, input_hash([charge.pk]), charge_id=charge.pk
    )
    reach(Point.SETTLE_PLANNED)
    write_path.book(plan)
    reach(Point.SETTLE_BOOKED)
    if charge.email_receipt:
        app.configure_task("email_receipt").defer(payment_id=payment_id)
        reach(Point.SETTLE_RECEIPT_ASKED)


def _record_end(charge: Charge, seen: Seen, after: ChargeState) -> None:
    record_event(
        name=f"charge.{after.value}",
        actor=Actor(charge.prepared_by_id, frozenset(), Source(charge.source)),
        request_key=f"charge:{charge.pk}:{after.value}",
        hashed=input_hash([charge.pk]),
        contact_id=charge.contact_id,
        payload={
            "charge_id": charge.pk,
            "number": str(charge),
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "decline": seen.decline.kind.value if seen.decline else "",
            "problem": seen.problem,
            "called_off": charge.called_off_at is not None,
        },
    )
    reach(Point.SETTLE_EVENT_WRITTEN)
