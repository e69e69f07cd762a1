"""Reading a message of a gateway after its lock, for what a person does about it."""

from duebook.domain.errors import MessageNotFailed, NotFound
from duebook.events.rows import row_by_id
from duebook.gateways.models import WebhookMessage


def lock_message(message_id: int) -> None:
    """Lock the message. Raises NotFound."""
    found = WebhookMessage.objects.select_for_update(no_key=True, of=("self",)).filter(pk=message_id)
    if not found.values_list("pk"):
        raise NotFound(what="Message", id=message_id)


def failed_message(message_id: int) -> WebhookMessage:
    """The message, which waits for a person. Raises NotFound, MessageNotFailed."""
    message = row_by_id(WebhookMessage.objects.select_related("merchant_account"), message_id, "Message")
    if message.state != WebhookMessage.States.FAILED:
        raise MessageNotFailed(state=message.get_state_display().lower())
    return message
