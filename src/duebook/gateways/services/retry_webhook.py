"""Process a failed message of a gateway again, after what stood in its way was mended."""

from django.db import transaction
from procrastinate.contrib.django import app

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.models import WebhookMessage
from duebook.gateways.state import failed_message, lock_message


@transaction.atomic
def retry_webhook(*, message_id: int, request_key: str, actor: Actor) -> None:
    """Let the message wait again and enqueue ``process_webhook`` for it.

    Locks the message. Records ``webhook.retried``. Raises NotFound, Forbidden, MessageNotFailed, KeyReused.
    """
    lock_message(message_id)
    hashed = input_hash(["retry message", message_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.RESOLVE_MESSAGES)
    message = failed_message(message_id)
    WebhookMessage.objects.filter(pk=message_id).update(
        state=WebhookMessage.States.WAITING.value, tries=0, processed_at=None
    )
    record_event(
        name="webhook.retried",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"message_id": message_id, "event": message.event_id, "problem": message.problem},
    )
    app.configure_task("process_webhook").defer(message_id=message_id)
