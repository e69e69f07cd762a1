"""The jobs about card processors, run by a real worker."""

from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.gateways.models import MerchantAccount, SignOfLife, WebhookMessage
from duebook.gateways.services.note_sign_of_life import note_sign_of_life
from duebook.gateways.services.store_webhook import store_webhook
from duebook.jobs import tasks
from duebook.payments.models import Settlement
from duebook.payments.to_decide import failed_messages
from tests.gateways.fake_processor import make_event, make_merchant_account, register
from tests.jobs.test_tasks import work
from tests.payments.cards import jobs
from tests.payments.fake_gateway import FakeGateway, make_merchant_account as keep_account
from tests.payments.settling import a_charge, line_of


@pytest.mark.django_db(transaction=True)
def test_a_worker_asks_a_silent_processor(monkeypatch: pytest.MonkeyPatch):
    processor = register(monkeypatch)
    make_merchant_account()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    MerchantAccount.objects.update(created_at=an_hour_ago - timedelta(hours=1))
    processor.events = [make_event("evt_1", occurred_at=an_hour_ago)]
    job_id = tasks.poll_silent_processors.defer(timestamp=0)

    work()

    assert ProcrastinateJob.objects.get(pk=job_id).status == "succeeded"
    assert WebhookMessage.objects.get().event_id == "evt_1"


def test_charges_are_looked_after_every_ten_seconds() -> None:
    """A cron line of six fields has its seconds last; misread, the janitor would sleep for nine minutes."""
    every = {one.task.name: one.croniter for one in app.periodic_registry.periodic_tasks.values()}
    turns = every["ask_about_charges"]

    turns.set_current(datetime(2026, 11, 27, 6, 51, 3, tzinfo=UTC))
    times = [turns.get_next(datetime).strftime("%M:%S") for _ in range(6)]

    assert times == ["51:10", "51:20", "51:30", "51:40", "51:50", "52:00"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_imports_what_every_active_account_was_paid(gateway: FakeGateway):
    gateway.pay_out(line_of(a_charge()))
    unused = keep_account("Unused", active=False)
    tasks.import_all_settlements.defer(timestamp=0)

    work()

    jobs = ProcrastinateJob.objects.filter(task_name="import_settlements_of")
    assert [(job.status, job.args) for job in jobs] == [
        ("succeeded", {"merchant_account_id": Settlement.objects.get().merchant_account_id})
    ]
    assert not Settlement.objects.filter(merchant_account=unused).exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_whose_processing_breaks_off_each_time_waits_for_a_person(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
):
    made = a_charge()

    def breaks(account: MerchantAccount) -> NoReturn:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("duebook.payments.services.process_webhook.gateway_of", breaks)
    store_webhook(
        account=made.merchant_account,
        event=make_event("evt_1", object_id=made.gateway_id),
        now=timezone.now(),
    )

    runs = 0
    while (message := WebhookMessage.objects.get()).state == WebhookMessage.States.WAITING:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
        work()
        runs += 1

    assert (runs, message.state) == (5, "failed")
    assert message.problem == "Processing it ended with an error each time; the worker's log says which."
    assert list(failed_messages()) == [message]
    assert ProcrastinateJob.objects.get(task_name="process_webhook").status == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_each_minute_the_books_note_that_they_live_and_have_fenced_accounts_asked(
    gateway: FakeGateway,
) -> None:
    account = keep_account()
    note_sign_of_life()
    MerchantAccount.objects.update(fenced_since=timezone.now())

    tasks.note_that_we_live(timestamp=0)
    tasks.note_that_we_live(timestamp=60)

    assert jobs("lift_fence") == [{"account_id": account.pk}]
    assert timezone.now() - SignOfLife.objects.get().alive_at < timedelta(minutes=1)


@pytest.mark.django_db
def test_a_job_asks_a_fenced_account_and_lets_it_charge_again(gateway: FakeGateway) -> None:
    account = keep_account(fenced_since=timezone.now())

    tasks.lift_fence_of(account_id=account.pk)

    assert gateway.calls == ["list_events", "list_charges"]
    assert MerchantAccount.objects.get().fenced_since is None
