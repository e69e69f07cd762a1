"""Ask the gateway what became of a refund, and settle it: what the janitor does until it knows."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from duebook.domain.charging import ask_again_after
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import Gateway, GatewayError
from duebook.payments.models import GatewayRefund, Observation
from duebook.payments.points import Point, reach
from duebook.payments.refund_reading import SeenState, seen_of_refund
from duebook.payments.services.ask_gateway import LEFT_BEHIND_AFTER, NEVER_SENT
from duebook.payments.services.refund_through_gateway import send_once
from duebook.payments.services.settle_gateway_refund import settle_gateway_refund

NOT_LISTED = "The processor does not list this refund."
_SAFE_PART = 0.8
"""Of the time in which the gateway knows a key, so much is used for sending again."""


def refunds_to_ask(*, most: int) -> list[int]:
    """The refunds whose turn it is, those that have waited longest first."""
    due = GatewayRefund.objects.filter(ask_at__lte=Now()).order_by("ask_at")
    return list(due.values_list("pk", flat=True)[:most])


def refunds_left_behind() -> list[int]:
    """The refunds that were written down and never sent."""
    stale = GatewayRefund.objects.filter(
        state=RefundState.CREATED.value, prepared_at__lt=Now() - LEFT_BEHIND_AFTER
    )
    return list(stale.values_list("pk", flat=True))


def drop_refund(*, attempt_id: int) -> RefundState:
    """Settle a refund that was never sent as failed, unless someone has sent it meanwhile."""
    return settle_gateway_refund(
        attempt_id=attempt_id,
        seen=SeenState(RefundState.FAILED, problem=NEVER_SENT),
        channel=Observation.Channels.POLL,
        only_from=frozenset({RefundState.CREATED}),
    )


def ask_about_refund(*, attempt_id: int) -> RefundState:
    """Ask once, if it is the refund's turn, and settle what is seen; returns its state.

    What the gateway does not have is sent again under the same key, as long as the gateway knows keys for
    sure. After that it has not happened once the gateway's lists, where they are consistent, lack it twice,
    the second time when no key works any more.
    """
    if not _claim(attempt_id):
        return RefundState(GatewayRefund.objects.values_list("state", flat=True).get(pk=attempt_id))
    reach(Point.REFUND_ASK_CLAIMED)
    attempt = GatewayRefund.objects.select_related("charge__merchant_account").get(pk=attempt_id)
    return settle_gateway_refund(attempt_id=attempt_id, seen=_ask(attempt), channel=Observation.Channels.POLL)


def _look(gateway: Gateway, attempt: GatewayRefund) -> SeenState | None:
    """What the gateway says of the refund; None where it has none of that name."""
    reach(Point.REFUND_ASK_CALLED)
    try:
        known = list(gateway.list_refunds(attempt.charge.gateway_id))
    except GatewayError as error:
        return SeenState(RefundState.UNKNOWN, problem=error.reason)
    reach(Point.REFUND_ASK_ANSWERED)
    ours = [answer for answer in known if answer.reference == attempt.reference]
    return seen_of_refund(attempt, ours[0]) if ours else None


@transaction.atomic(durable=True)
def _claim(attempt_id: int) -> bool:
    """Whether it is ours to ask now; the next turn is set before the gateway is called."""
    found = GatewayRefund.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).filter(
        pk=attempt_id, ask_at__lte=Now(), state__in=[state.value for state in OPEN_REFUND_STATES]
    )
    if not (asked := list(found.values_list("asked", flat=True))):
        return False
    reach(Point.REFUND_ASK_LOCKED)
    wait = ask_again_after(asked[0] + 1)
    GatewayRefund.objects.filter(pk=attempt_id).update(
        asked=asked[0] + 1, ask_at=Now() + wait if wait is not None else None
    )
    reach(Point.REFUND_ASK_TURN_WRITTEN)
    return True


def _ask(attempt: GatewayRefund) -> SeenState:
    gateway = gateway_of(attempt.charge.merchant_account)
    if (seen := _look(gateway, attempt)) is not None:
        return seen
    age = timezone.now() - attempt.sent_at if attempt.sent_at else timedelta()
    if age < gateway.guarantees.key_window * _SAFE_PART:
        sent = send_once(gateway, attempt)
        # A refusal is about this sending alone: an earlier one may have arrived meanwhile.
        return sent if sent.state is not RefundState.FAILED else _look(gateway, attempt) or sent
    known_not_to_be = gateway.guarantees.lookup_is_consistent and age >= gateway.guarantees.key_window
    if known_not_to_be and attempt.observations.filter(problem=NOT_LISTED).exists():
        return SeenState(RefundState.FAILED, problem="The processor has no such refund.")
    return SeenState(RefundState.UNKNOWN, problem=NOT_LISTED)
