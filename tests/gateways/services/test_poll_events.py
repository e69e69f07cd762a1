"""Asking silent processors what happened meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.gateways.accounts import STILL_TELLS
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import OutcomeUnknown
from duebook.gateways.services import poll_events as polling
from duebook.gateways.services.poll_events import OVERLAP, poll_events
from duebook.gateways.services.store_webhook import store_webhook
from tests.gateways.fake_processor import (
    NOON,
    SECRET,
    FakeProcessor,
    make_event,
    make_merchant_account,
    register,
)

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def make_old(name: str = "Shop", **fields: Any) -> MerchantAccount:
    """A merchant account that was added two days before NOON."""
    account = make_merchant_account(name, **fields)
    MerchantAccount.objects.filter(pk=account.pk).update(created_at=NOON - timedelta(days=2))
    account.refresh_from_db()
    return account


def poll() -> int:
    return poll_events(silent_for=QUARTER, now=NOON)


def stored() -> list[str]:
    return list(WebhookMessage.objects.order_by("id").values_list("event_id", flat=True))


def test_what_a_silent_account_did_not_tell_is_stored_with_its_jobs(processor: FakeProcessor) -> None:
    account = make_old()
    processor.events = [
        make_event("evt_1", occurred_at=NOON - timedelta(hours=30)),
        make_event("evt_2", occurred_at=NOON - timedelta(hours=1)),
    ]

    assert poll() == 2

    assert stored() == ["evt_1", "evt_2"]
    assert ProcrastinateJob.objects.filter(task_name="process_webhook").count() == 2
    assert processor.asked_since == [account.created_at]
    account.refresh_from_db()
    assert account.last_event_at == NOON - timedelta(hours=1)


def test_a_second_turn_stores_only_what_is_new(processor: FakeProcessor) -> None:
    account = make_old()
    store_webhook(
        account=account, event=make_event("evt_2", occurred_at=NOON - timedelta(minutes=40)), now=NOON
    )
    processor.events = [
        make_event(f"evt_{number}", occurred_at=NOON - timedelta(minutes=minutes))
        for number, minutes in ((1, 50), (2, 40), (3, 20))
    ]

    assert [poll(), poll()] == [2, 0]

    assert stored() == ["evt_2", "evt_1", "evt_3"]
    assert processor.asked_since[0] == NOON - timedelta(minutes=40) - OVERLAP


def test_an_account_that_told_something_lately_is_not_asked(processor: FakeProcessor) -> None:
    account = make_old()
    store_webhook(account=account, event=make_event(occurred_at=NOON - timedelta(minutes=14)), now=NOON)

    assert poll() == 0
    assert processor.asked_since == []


def test_an_account_out_of_use_is_asked_as_long_as_its_charges_may_be_disputed(
    processor: FakeProcessor,
) -> None:
    """Charged in spring, put out of use: a dispute of autumn is still told; later nobody asks any more."""
    account = make_old(active=False)
    processor.events = [make_event("evt_2", occurred_at=NOON - timedelta(hours=2))]

    assert poll() == 0
    MerchantAccount.objects.filter(pk=account.pk).update(last_event_at=NOON - STILL_TELLS)
    assert poll() == 0
    MerchantAccount.objects.filter(pk=account.pk).update(last_event_at=NOON - timedelta(days=150))
    assert poll() == 1

    assert stored() == ["evt_2"]
    assert len(processor.asked_since) == 1


def test_one_account_that_does_not_answer_keeps_no_other_from_being_asked(
    processor: FakeProcessor, caplog: pytest.LogCaptureFixture
) -> None:
    shop, web, fair = make_old("Shop"), make_old("Web", secret="sk_test__web"), make_old("Fair")
    processor.failing_secrets = {SECRET: OutcomeUnknown("No answer came.")}
    MerchantAccount.objects.filter(pk=fair.pk).update(sealed_secret="opened by no key")
    processor.events = [make_event(occurred_at=NOON - timedelta(hours=1))]

    assert poll() == 1

    assert WebhookMessage.objects.get().merchant_account == web
    assert f"events of merchant account {shop.pk}: No answer came. It is asked again." in caplog.text
    assert f"events of merchant account {fair.pk}: No key of this server opens" in caplog.text
    assert SECRET not in caplog.text


def test_an_event_of_the_other_mode_is_left_out(
    processor: FakeProcessor, caplog: pytest.LogCaptureFixture
) -> None:
    make_old()
    processor.events = [
        make_event("evt_1", live=True, occurred_at=NOON - timedelta(hours=2)),
        make_event("evt_2", occurred_at=NOON - timedelta(hours=1)),
    ]

    assert poll() == 1
    assert stored() == ["evt_2"]
    assert "a live event for a test account" in caplog.text


def test_a_turn_stores_so_many_events_and_the_next_goes_on(
    processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "MOST_A_TURN", 2)
    make_old()
    processor.events = [
        make_event(f"evt_{number}", occurred_at=NOON - timedelta(minutes=40 - number)) for number in range(5)
    ]

    assert [poll(), poll(), poll(), poll()] == [2, 2, 1, 0]
    assert stored() == [f"evt_{number}" for number in range(5)]
