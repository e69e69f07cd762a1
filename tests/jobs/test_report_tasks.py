"""The jobs that send receipts and keep the dashboard's figures young, run by a real worker."""

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.events.models import Event
from duebook.jobs import tasks
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.models import Snapshot
from duebook.web.mail import email_receipt_later
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment
from tests.jobs.test_tasks import work

pytestmark = pytest.mark.django_db(transaction=True)


def states(task: str = "email_receipt") -> list[str]:
    """How the jobs of that name stand; a worker also runs the periodic ones of this minute."""
    jobs = ProcrastinateJob.objects.filter(task_name=task)
    return list(jobs.order_by("id").values_list("status", flat=True))


def test_a_worker_sends_the_receipt_once_however_often_it_is_asked():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    email_receipt_later(payment.pk)
    email_receipt_later(payment.pk)

    work()

    assert states() == ["succeeded", "succeeded"]
    assert [message.to for message in mail.outbox] == [["acme@example.com"]]
    assert Event.objects.get(name="receipt.emailed").source == "job"


def test_no_receipt_is_sent_of_a_payment_undone_meanwhile():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    email_receipt_later(payment.pk)
    reverse_payment(payment_id=payment.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())

    work()

    assert states() == ["succeeded"]
    assert mail.outbox == []


def test_a_contact_without_address_is_no_failure():
    payment = make_payment("40.00", invoice=make_invoice("100.00", contact=make_contact(email="")))
    email_receipt_later(payment.pk)

    work()

    assert states() == ["succeeded"]
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again_later(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    email_receipt_later(payment.pk)

    work()

    job = ProcrastinateJob.objects.get(task_name="email_receipt")
    assert (job.status, job.attempts) == ("todo", 1)
    assert job.scheduled_at is not None
    assert not Event.objects.filter(name="receipt.emailed").exists()


def test_a_worker_takes_the_snapshot():
    make_invoice("100.00")
    tasks.refresh_dashboard.defer(timestamp=0)

    work()

    assert "succeeded" in states("refresh_snapshot")
    assert Snapshot.objects.get().figures["by_currency"]["USD"]["owed_invoices"] == 1
