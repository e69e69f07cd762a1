"""Ask the gateway about a charge at once, for a person who does not wait for the charge's turn."""

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.permissions import Actor, Right
from duebook.events.rows import row_by_id
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import GatewayError
from duebook.payments.charge_reading import seen_of
from duebook.payments.models import Charge, Observation
from duebook.payments.services.ask_gateway import ask_gateway
from duebook.payments.services.send_charge import IN_FLIGHT
from duebook.payments.services.settle_charge import settle_charge


def ask_gateway_now(*, charge_id: int, actor: Actor) -> ChargeState:
    """Make it the charge's turn, ask, and settle what is seen; returns the charge's state.

    A charge that is being sent this minute is left to who sends it. One that has ended is only looked at: an
    answer that agrees takes its problem away. Must not be called inside a transaction. Raises NotFound and
    Forbidden.
    """
    actor.require(Right.CHARGE_CARDS)
    charge = row_by_id(Charge.objects.select_related("merchant_account"), charge_id, "Charge")
    if not charge.is_open:
        return _look_again(charge)
    _make_it_its_turn(charge_id)
    return ask_gateway(charge_id=charge_id)


@transaction.atomic(durable=True)
def _make_it_its_turn(charge_id: int) -> None:
    waits = [state.value for state in OPEN_STATES - {ChargeState.CREATED, ChargeState.SENT}]
    was_left = Q(state=ChargeState.SENT.value, sent_at__lt=Now() - IN_FLIGHT)
    Charge.objects.filter(Q(state__in=waits) | was_left, pk=charge_id).update(
        # This turn is one more: the janitor keeps all of its own.
        ask_at=Now(),
        asked=Greatest(F("asked") - 1, 0),
    )


def _look_again(charge: Charge) -> ChargeState:
    if not charge.gateway_id:
        return ChargeState(charge.state)
    try:
        answer = gateway_of(charge.merchant_account).fetch(charge.gateway_id)
    except GatewayError:
        return ChargeState(charge.state)
    return settle_charge(charge_id=charge.pk, seen=seen_of(charge, answer), channel=Observation.Channels.POLL)
