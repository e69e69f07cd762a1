"""Ask the gateway what became of a charge, and settle it: what the janitor does until it knows."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.charging import OPEN_STATES, ChargeState, ask_again_after
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import GatewayError, Outcome
from duebook.payments.calling_off import is_to_be_called_off
from duebook.payments.charge_reading import Seen, seen_of
from duebook.payments.models import Charge, Observation
from duebook.payments.points import Point, reach
from duebook.payments.services.settle_charge import settle_charge

NEVER_SENT = "It was never sent."
NEVER_CONFIRMED = "It was never confirmed."
LEFT_BEHIND_AFTER = timedelta(minutes=2)
"""A charge that is still only written down after so long was left behind by whoever prepared it."""


def charges_to_ask(*, most: int) -> list[int]:
    """The charges whose turn it is, those that have waited longest first."""
    due = Charge.objects.filter(ask_at__lte=Now()).order_by("ask_at").values_list("pk", flat=True)[:most]
    return list(due)


def charges_left_behind() -> list[int]:
    """The charges that were written down and never sent."""
    stale = Charge.objects.filter(state=ChargeState.CREATED.value, prepared_at__lt=Now() - LEFT_BEHIND_AFTER)
    return list(stale.values_list("pk", flat=True))


def drop_charge(*, charge_id: int) -> ChargeState:
    """Settle a charge that was never sent as not carried out, unless someone has sent it meanwhile."""
    reach(Point.DROP_BEGUN)
    return settle_charge(
        charge_id=charge_id,
        seen=Seen(ChargeState.NOT_PERFORMED, problem=NEVER_SENT),
        channel=Observation.Channels.POLL,
        only_from=frozenset({ChargeState.CREATED}),
    )


def ask_gateway(*, charge_id: int) -> ChargeState:
    """Ask once, if it is the charge's turn, and settle what is seen; returns the charge's state.

    A charge that the gateway has but never carried out is cancelled there, so that it never is; so is one
    that waits for its customer although its invoices are settled otherwise. A customer who was faster has
    paid. A gateway that does not answer is asked again at the next turn.
    """
    if not _claim(charge_id):
        return ChargeState(Charge.objects.values_list("state", flat=True).get(pk=charge_id))
    reach(Point.ASK_CLAIMED)
    charge = Charge.objects.select_related("merchant_account").get(pk=charge_id)
    if not charge.gateway_id:
        return settle_charge(
            charge_id=charge_id,
            seen=Seen(ChargeState.NOT_PERFORMED, problem=NEVER_CONFIRMED),
            channel=Observation.Channels.POLL,
            only_from=frozenset({ChargeState.SENT, ChargeState.UNKNOWN}),
            without_handle=True,
        )
    return settle_charge(charge_id=charge_id, seen=_ask(charge), channel=Observation.Channels.POLL)


@transaction.atomic(durable=True)
def _claim(charge_id: int) -> bool:
    """Whether it is ours to ask now; the next turn is set before the gateway is called."""
    found = Charge.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).filter(
        pk=charge_id, ask_at__lte=Now(), state__in=[state.value for state in OPEN_STATES]
    )
    if not (asked := list(found.values_list("asked", flat=True))):
        return False
    reach(Point.ASK_LOCKED)
    wait = ask_again_after(asked[0] + 1)
    Charge.objects.filter(pk=charge_id).update(
        asked=asked[0] + 1, ask_at=Now() + wait if wait is not None else None
    )
    reach(Point.ASK_TURN_WRITTEN)
    return True


def _ask(charge: Charge) -> Seen:
    gateway = gateway_of(charge.merchant_account)
    reach(Point.ASK_CALLED)
    try:
        answer = gateway.fetch(charge.gateway_id)
        reach(Point.ASK_ANSWERED)
        if _is_given_up(charge, answer.outcome):
            reach(Point.ASK_CANCEL_CALLED)
            answer = gateway.cancel(charge.gateway_id)
            reach(Point.ASK_CANCEL_ANSWERED)
    except GatewayError as error:
        return Seen(ChargeState.UNKNOWN, problem=error.reason)
    return seen_of(charge, answer)


def _is_given_up(charge: Charge, outcome: Outcome) -> bool:
    """Whether what the gateway has not carried out yet is not to happen any more; notes why."""
    if outcome is Outcome.NOT_CONFIRMED:
        return True
    if outcome is not Outcome.REQUIRES_ACTION or not is_to_be_called_off(charge.pk):
        return False
    _note_called_off(charge)
    return True


def _note_called_off(charge: Charge) -> None:
    """Keep why it is cancelled, where its turn came before the janitor saw it; its turns begin anew."""
    not_noted = Charge.objects.filter(pk=charge.pk, called_off_at__isnull=True)
    not_noted.update(called_off_at=Now(), asked=1, ask_at=Now() + ask_again_after(1))
    reach(Point.CALL_OFF_NOTED)
