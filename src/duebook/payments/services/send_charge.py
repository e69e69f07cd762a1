"""Send a charge that was written down: mark it, get its handle, confirm it. No transaction is open meanwhile.

Money moves only after the handle is noted, so a charge without one has provably moved none.
"""

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.charging import ChargeState, ask_again_after
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import (
    Busy,
    ChargeRequest,
    Gateway,
    GatewayError,
    NothingHappened,
    SeenCharge,
)
from duebook.payments import charge_path
from duebook.payments.charge_reading import Seen, request_of, seen_of
from duebook.payments.models import Charge, Observation
from duebook.payments.points import Point, reach
from duebook.payments.services.settle_charge import settle_charge

IN_FLIGHT = timedelta(minutes=1)
"""Longer than the calls of one sending take before they give up; until then nobody else asks."""

CLOCKS_MAY_DIFFER = timedelta(minutes=1)
"""Much longer than an answer takes."""


def send_charge(*, charge_id: int, return_url: str = "", keeps_card: bool = False) -> None:
    """Carry out a charge that nobody has sent yet; whatever it comes to is settled. Safe to call again.

    ``return_url`` is where a customer who is present comes back to after authenticating, which with
    ``keeps_card`` is for later charges as well.
    """
    _refuse_open_transaction()
    charge = _mark_sent(charge_id)
    if charge is None:
        return
    gateway = gateway_of(charge.merchant_account)
    request = replace(request_of(charge), return_url=return_url, keeps_card=keeps_card)
    handle = _get_handle(gateway, charge, request)
    if handle is None or not _note_handle(charge, handle):
        return
    charge.gateway_id = handle
    _confirm(gateway, charge, request)


def _refuse_open_transaction() -> None:
    """Raise RuntimeError inside a transaction: the single statements here commit by themselves."""
    with transaction.atomic(durable=True):
        pass


def _mark_sent(charge_id: int) -> Charge | None:
    """The charge if it is ours to send: only one may turn created into sent."""
    charge = charge_path.mark_sent(charge_id, ask_after=IN_FLIGHT)
    reach(Point.MARKED_SENT)
    return charge


def _get_handle(gateway: Gateway, charge: Charge, request: ChargeRequest) -> str | None:
    """The gateway's id of the charge, before any money moves; None when it is settled at once.

    Where its answer shows that the clocks differ, the charge is not confirmed.
    """
    reach(Point.CREATE_CALLED)
    try:
        answer = gateway.create(request)
    except GatewayError as error:
        # Whether the gateway has the charge or not, it is never confirmed.
        settle_charge(
            charge_id=charge.pk,
            seen=Seen(ChargeState.NOT_PERFORMED, problem=error.reason),
            channel=Observation.Channels.REPLY,
        )
        return None
    reach(Point.CREATE_ANSWERED)
    seen = seen_of(charge, answer)
    if seen.state is ChargeState.SENT and (apart := _clocks_apart(charge, answer)):
        seen = Seen(ChargeState.NOT_PERFORMED, problem=apart)
    if seen.state is not ChargeState.SENT:
        # An earlier sending of the same attempt, in books restored from a backup, got further than this.
        settle_charge(charge_id=charge.pk, seen=seen, channel=Observation.Channels.REPLY)
        return None
    return answer.id


def _clocks_apart(charge: Charge, answer: SeenCharge) -> str:
    """Why nothing can be charged by these clocks; empty when they agree.

    The time in which a key is good, and in which messages are believed, is measured by ours.
    """
    if answer.answered_at is None or charge.sent_at is None:
        return ""
    apart = abs(answer.answered_at - charge.sent_at)
    if apart <= CLOCKS_MAY_DIFFER:
        return ""
    minutes = round(apart / timedelta(minutes=1))
    return (
        f"The clocks of this server and of the card processor are {minutes} minutes apart. Set the clock of"
        " this server, then charge again."
    )


def _note_handle(charge: Charge, handle: str) -> bool:
    """Keep the handle; False when someone has settled the charge meanwhile, which must then not go on."""
    noted = charge_path.note_handle(charge.pk, handle)
    reach(Point.HANDLE_NOTED)
    return noted


def _confirm(gateway: Gateway, charge: Charge, request: ChargeRequest) -> None:
    reach(Point.CONFIRM_CALLED)
    try:
        answer = gateway.confirm(charge.gateway_id, request)
    except NothingHappened as error:
        seen = Seen(ChargeState.NOT_PERFORMED, problem=error.reason)
    except Busy as error:
        _ask_soon(charge, error)
        return
    except GatewayError as error:
        seen = Seen(ChargeState.UNKNOWN, problem=error.reason)
    else:
        reach(Point.CONFIRM_ANSWERED)
        seen = seen_of(charge, answer)
    settle_charge(charge_id=charge.pk, seen=seen, channel=Observation.Channels.REPLY)


@transaction.atomic(durable=True)
def _ask_soon(charge: Charge, error: GatewayError) -> None:
    """It is being worked on: it stays sent and is asked for after a few seconds."""
    soon = ask_again_after(0)
    Charge.objects.filter(pk=charge.pk, state=ChargeState.SENT.value).update(
        ask_at=Now() + soon, problem=error.reason
    )
    reach(Point.BUSY_NOTED)
