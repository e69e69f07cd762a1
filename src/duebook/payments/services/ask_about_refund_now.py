"""Ask the gateway about a refund at once, for a person who does not wait for its turn."""

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from duebook.domain.errors import NotFound
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.domain.permissions import Actor, Right
from duebook.payments.models import GatewayRefund
from duebook.payments.services.ask_about_refund import ask_about_refund
from duebook.payments.services.refund_through_gateway import IN_FLIGHT


def ask_about_refund_now(*, attempt_id: int, actor: Actor) -> RefundState:
    """Make it the refund's turn, ask, and settle what is seen; returns its state.

    A refund that is being sent this minute is left to who sends it; one that has ended stays as it is. Must
    not be called inside a transaction. Raises NotFound and Forbidden.
    """
    actor.require(Right.REFUND)
    if not GatewayRefund.objects.filter(pk=attempt_id).exists():
        raise NotFound(what="Refund", id=attempt_id)
    _make_it_its_turn(attempt_id)
    return ask_about_refund(attempt_id=attempt_id)


@transaction.atomic(durable=True)
def _make_it_its_turn(attempt_id: int) -> None:
    waits = [state.value for state in OPEN_REFUND_STATES - {RefundState.CREATED, RefundState.SENT}]
    was_left = Q(state=RefundState.SENT.value, sent_at__lt=Now() - IN_FLIGHT)
    GatewayRefund.objects.filter(Q(state__in=waits) | was_left, pk=attempt_id).update(
        # This turn is one more: the janitor keeps all of its own.
        ask_at=Now(),
        asked=Greatest(F("asked") - 1, 0),
    )
