"""Store what a card processor told of, once, and leave it to the worker.

No event is recorded: the message is the record, and nothing has been done about it yet.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest
from procrastinate.contrib.django import app

from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import GatewayEvent, WebhookRefused


def store_webhook(*, account: MerchantAccount, event: GatewayEvent, now: datetime) -> bool:
    """Store the event and enqueue ``process_webhook``, in one transaction; False where it is stored already.

    The unique key tells, not a look beforehand: processors send the same event several times at once. Raises
    WebhookRefused for an event of the mode that the account is not in.
    """
    if event.live != account.live:
        raise WebhookRefused(
            "a live event for a test account" if event.live else "a test event for a live one"
        )
    try:
        with transaction.atomic(durable=True):
            message = WebhookMessage.objects.create(
                merchant_account=account,
                event_id=event.id,
                kind=event.kind,
                object_kind=event.object_kind.value,
                object_id=event.object_id,
                occurred_at=event.occurred_at,
            )
            _note_last_event(account, min(event.occurred_at, now))
            app.configure_task("process_webhook").defer(message_id=message.pk)
    except IntegrityError as error:
        if "webhookmessage_once" not in str(error):
            raise
        return False
    return True


def _note_last_event(account: MerchantAccount, at: datetime) -> None:
    """Events come in any order; PostgreSQL's GREATEST takes no notice of NULL."""
    latest = Greatest(F("last_event_at"), Value(at, output_field=DateTimeField()))
    MerchantAccount.objects.filter(pk=account.pk).update(last_event_at=latest)
