"""Process a message of a gateway: ask the gateway what happened, and settle it.

The message only says where to look; what it claims is never booked.
"""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from duebook.domain.errors import CardNotSaved, NotFound
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import WebhookMessage
from duebook.gateways.protocol import Gateway, GatewayError, ObjectKind, Outcome, SeenCharge
from duebook.payments.charge_reading import seen_of
from duebook.payments.models import CardSetup, Charge, Observation
from duebook.payments.points import Point, reach
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.settle_charge import settle_charge

MOST_TRIES = 8
NOT_BOOKED_YET = "It is not booked by itself: look at the processor and record what happened."
UNRECOGNISED = "The processor has a charge that Duebook did not make."


class WebhookNotProcessed(Exception):
    """The gateway could not be asked; the message is to be processed again."""


def process_webhook(*, message_id: int) -> WebhookMessage.States:
    """Process a message once; safe to run again. Returns how far it is.

    Raises NotFound, and WebhookNotProcessed while another try may help.
    """
    message = WebhookMessage.objects.select_related("merchant_account").filter(pk=message_id).first()
    if message is None:
        raise NotFound(what="Message", id=message_id)
    if message.state != WebhookMessage.States.WAITING:
        return WebhookMessage.States(message.state)
    reach(Point.WEBHOOK_READ)
    try:
        problem = _process(message, gateway_of(message.merchant_account))
    except GatewayError as error:
        if _count_try(message, error.reason) is WebhookMessage.States.WAITING:
            raise WebhookNotProcessed(error.reason) from error
        return WebhookMessage.States.FAILED
    reach(Point.WEBHOOK_APPLIED)
    state = WebhookMessage.States.FAILED if problem else WebhookMessage.States.PROCESSED
    _finish(message, state, problem)
    reach(Point.WEBHOOK_DONE)
    return state


def _process(message: WebhookMessage, gateway: Gateway) -> str:
    """Do what the message calls for; returns what a person must look at, if anything."""
    kind = ObjectKind(message.object_kind)
    if kind is ObjectKind.CHARGE:
        return _settle(message, gateway.fetch(message.object_id))
    if kind is ObjectKind.SETUP:
        return _finish_setup(message)
    return NOT_BOOKED_YET if kind in (ObjectKind.REFUND, ObjectKind.DISPUTE) else ""


def _settle(message: WebhookMessage, answer: SeenCharge) -> str:
    reach(Point.WEBHOOK_FETCHED)
    charge = (
        Charge.objects.select_related("merchant_account")
        .filter(merchant_account=message.merchant_account_id, reference=answer.reference)
        .first()
    )
    if charge is None:
        return UNRECOGNISED if answer.outcome is Outcome.SUCCEEDED else ""
    settle_charge(charge_id=charge.pk, seen=seen_of(charge, answer), channel=Observation.Channels.WEBHOOK)
    return ""


def _finish_setup(message: WebhookMessage) -> str:
    """The customer may have closed the page before coming back."""
    offered = CardSetup.objects.filter(
        merchant_account=message.merchant_account_id, gateway_id=message.object_id
    ).first()
    if offered is None:
        return ""
    try:
        finish_card_setup(setup_id=offered.pk)
    except CardNotSaved as error:
        return str(error)
    return ""


@transaction.atomic(durable=True)
def _count_try(message: WebhookMessage, problem: str) -> WebhookMessage.States:
    ended = message.tries + 1 >= MOST_TRIES
    state = WebhookMessage.States.FAILED if ended else WebhookMessage.States.WAITING
    WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.States.WAITING.value).update(
        tries=F("tries") + 1, problem=problem, state=state.value
    )
    return state


@transaction.atomic(durable=True)
def _finish(message: WebhookMessage, state: WebhookMessage.States, problem: str) -> None:
    WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.States.WAITING.value).update(
        state=state.value, problem=problem, processed_at=Now()
    )
