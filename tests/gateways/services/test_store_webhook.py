"""Storing what a card processor told of."""

from datetime import timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import ObjectKind, WebhookRefused
from duebook.gateways.services.store_webhook import store_webhook
from tests.gateways.fake_processor import NOON, FakeProcessor, make_event, make_merchant_account, register
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def jobs() -> list[int]:
    asked = ProcrastinateJob.objects.filter(task_name="process_webhook").order_by("id")
    return [args["message_id"] for args in asked.values_list("args", flat=True)]


def test_a_message_is_stored_with_its_job(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    events = Event.objects.count()

    is_new = store_webhook(account=account, event=make_event("evt_1"), now=NOON)

    message = WebhookMessage.objects.get()
    assert is_new
    assert (message.merchant_account, message.event_id, message.state) == (account, "evt_1", "waiting")
    assert (message.kind, message.object_kind, message.object_id) == (
        "charge.succeeded",
        ObjectKind.CHARGE,
        "ch_1",
    )
    assert message.occurred_at == NOON
    assert jobs() == [message.pk]
    assert Event.objects.count() == events


def test_the_same_event_is_stored_once_for_each_account(processor: FakeProcessor) -> None:
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")

    stored = [store_webhook(account=one, event=make_event(), now=NOON) for one in (shop, shop, web, web)]

    assert stored == [True, False, True, False]
    assert len(jobs()) == WebhookMessage.objects.count() == 2


def test_the_last_event_is_the_latest_whatever_the_order_and_never_ahead(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    for event_id, minutes in (("evt_1", -10), ("evt_2", 90), ("evt_3", -30)):
        event = make_event(event_id, occurred_at=NOON + timedelta(minutes=minutes))
        store_webhook(account=account, event=event, now=NOON)

    assert MerchantAccount.objects.get().last_event_at == NOON


@pytest.mark.parametrize("live", [True, False])
def test_an_event_of_the_other_mode_is_refused(processor: FakeProcessor, live: bool) -> None:
    account = make_merchant_account()
    MerchantAccount.objects.update(live=not live)
    account.refresh_from_db()

    with pytest.raises(WebhookRefused):
        store_webhook(account=account, event=make_event(live=live), now=NOON)

    assert not WebhookMessage.objects.exists()
    assert MerchantAccount.objects.get().last_event_at is None
    assert jobs() == []


@pytest.mark.django_db(transaction=True)
def test_the_same_event_sent_many_times_at_once_is_stored_once(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    stored = in_threads(8, lambda _: store_webhook(account=account, event=make_event(), now=NOON))

    assert sorted(stored) == [False] * 7 + [True]
    assert len(jobs()) == WebhookMessage.objects.count() == 1
