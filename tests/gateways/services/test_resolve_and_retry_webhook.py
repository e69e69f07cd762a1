"""A message that was not booked by itself: processed again, or dealt with by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.errors import Forbidden, KeyReused, MessageNotFailed, NotFound
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.models import WebhookMessage, WebhookResolution
from duebook.gateways.services.resolve_webhook import resolve_webhook
from duebook.gateways.services.retry_webhook import retry_webhook
from tests.factories import actor, key
from tests.gateways.fake_processor import keep_merchant_account

pytestmark = pytest.mark.django_db


def failed(**fields: Any) -> WebhookMessage:
    return WebhookMessage.objects.create(
        **{
            "merchant_account": keep_merchant_account(),
            "event_id": "evt_1",
            "kind": "charge.dispute.created",
            "object_kind": "dispute",
            "object_id": "dp_1",
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "state": "failed",
            "tries": 8,
            "problem": "It is not booked by itself.",
            **fields,
        }
    )


def test_a_message_waits_again_and_is_enqueued_once() -> None:
    message, again = failed(), key()

    for _ in range(2):
        retry_webhook(message_id=message.pk, request_key=again, actor=actor())

    message.refresh_from_db()
    assert (message.state, message.tries, message.processed_at) == ("waiting", 0, None)
    assert ProcrastinateJob.objects.get(task_name="process_webhook").args == {"message_id": message.pk}
    event = Event.objects.get(name="webhook.retried")
    assert (event.actor_id, event.payload["event"]) == (900, "evt_1")


def test_a_message_was_dealt_with_by_whom_and_how() -> None:
    message, again = failed(), key()

    for _ in range(2):
        resolve_webhook(message_id=message.pk, note=" Lost; recorded. ", request_key=again, actor=actor())

    message.refresh_from_db()
    assert (message.state, message.problem) == ("processed", "It is not booked by itself.")
    resolution = WebhookResolution.objects.get()
    assert (resolution.note, resolution.resolved_by_id) == ("Lost; recorded.", 900)
    assert Event.objects.get(name="webhook.resolved").payload["note"] == "Lost; recorded."
    with pytest.raises(KeyReused):
        resolve_webhook(message_id=message.pk, note="Other", request_key=again, actor=actor())


@pytest.mark.parametrize("state", ["waiting", "processed"])
def test_only_a_failed_message_waits_for_a_person(state: str) -> None:
    message = failed(state=state)

    with pytest.raises(MessageNotFailed):
        retry_webhook(message_id=message.pk, request_key=key(), actor=actor())
    with pytest.raises(MessageNotFailed):
        resolve_webhook(message_id=message.pk, note="x", request_key=key(), actor=actor())

    assert not Event.objects.filter(name__startswith="webhook").exists()
    assert not ProcrastinateJob.objects.exists()


def test_a_clerk_decides_nothing_and_what_does_not_exist_is_not_found() -> None:
    message = failed()
    clerk = actor(Role.CLERK)

    with pytest.raises(Forbidden):
        retry_webhook(message_id=message.pk, request_key=key(), actor=clerk)
    with pytest.raises(Forbidden):
        resolve_webhook(message_id=message.pk, note="x", request_key=key(), actor=clerk)
    with pytest.raises(NotFound):
        retry_webhook(message_id=4711, request_key=key(), actor=actor())

    assert not Event.objects.filter(name__startswith="webhook").exists()
