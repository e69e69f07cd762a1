"""Say that a failed message of a gateway was dealt with by hand, and how."""

from django.db import transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.models import WebhookMessage, WebhookResolution
from duebook.gateways.state import failed_message, lock_message


@transaction.atomic
def resolve_webhook(*, message_id: int, note: str, request_key: str, actor: Actor) -> None:
    """Keep who dealt with the message and what was done; it is then processed.

    Locks the message. Records ``webhook.resolved``. Raises NotFound, Forbidden, CardNumberTyped,
    MessageNotFailed, KeyReused.
    """
    lock_message(message_id)
    hashed = input_hash(["resolve message", message_id, note])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.RESOLVE_MESSAGES)
    refuse_card_numbers(note=note)
    message = failed_message(message_id)
    WebhookResolution.objects.create(message=message, note=note.strip(), resolved_by_id=actor.user_id)
    WebhookMessage.objects.filter(pk=message_id).update(state=WebhookMessage.States.PROCESSED.value)
    record_event(
        name="webhook.resolved",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"message_id": message_id, "event": message.event_id, "note": note.strip()},
    )
