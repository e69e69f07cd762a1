"""The jobs in the background, run by a real worker."""

import logging
from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.jobs import tasks
from duebook.ledger.models import Transfer


def damage_the_books() -> None:
    """Write a transfer about a contact that does not exist."""
    Transfer.objects.create(
        kind=TransferKind.INVOICE_ISSUED,
        debit_account_id=SystemAccount.RECEIVABLE,
        credit_account_id=SystemAccount.SALES,
        amount_minor=100,
        currency="USD",
        effective_on=date(2026, 1, 31),
        contact_id=404,
    )


def mark_as_left_by_its_worker(job_id: int) -> None:
    """Leave a job as a killed worker does: begun, with no worker that lives."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 WHERE id = %s", [job_id])


def work() -> None:
    """Run every job that waits, as the worker of `duebook worker` does."""
    with app.replace_connector(app.connector.get_worker_connector()) as working:
        working.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)


@pytest.mark.django_db(transaction=True)
def test_a_worker_verifies_the_books(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="duebook")
    job_id = tasks.verify.defer(timestamp=0)

    work()

    assert ProcrastinateJob.objects.get(pk=job_id).status == "succeeded"
    assert "verify: the books are in order" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.broken_books
def test_books_that_differ_fail_the_job_and_are_logged(caplog: pytest.LogCaptureFixture):
    damage_the_books()
    job_id = tasks.verify.defer(timestamp=0)

    work()

    assert ProcrastinateJob.objects.get(pk=job_id).status == "failed"
    errors = [record for record in caplog.records if record.message.startswith("verify: ")]
    assert {record.levelname for record in errors} == {"ERROR"}
    assert "no contact with id 404" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_was_killed_runs_again():
    job_id = tasks.verify.defer(timestamp=0)
    mark_as_left_by_its_worker(job_id)
    tasks.retry_stalled_jobs.defer(timestamp=0)

    work()

    assert ProcrastinateJob.objects.get(pk=job_id).status == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_job_left_by_its_worker_waits_while_one_like_it_is_queued():
    left = tasks.verify.defer(timestamp=0)
    mark_as_left_by_its_worker(left)
    queued = tasks.verify.defer(timestamp=1)
    retry = tasks.retry_stalled_jobs.configure(priority=1).defer(timestamp=0)

    work()

    status_of = dict(ProcrastinateJob.objects.values_list("id", "status"))
    assert (status_of[retry], status_of[queued]) == ("succeeded", "succeeded")


@pytest.mark.django_db(transaction=True)
def test_sessions_that_have_run_out_are_removed():
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now())
    later = timezone.now() + timedelta(hours=1)
    Session.objects.create(session_key="new", session_data="", expire_date=later)
    tasks.remove_old_sessions.defer(timestamp=0)

    work()

    assert [session.session_key for session in Session.objects.all()] == ["new"]
