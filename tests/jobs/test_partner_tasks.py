"""From the act to the message: a worker tells a partner of a lead and of a sale, each once."""

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.jobs import tasks
from duebook.partners.services.refer_contact import refer_contact
from duebook.sales.services.assign_partners import assign_partners
from tests.factories import actor, day, key, make_contact, make_invoice, make_partner, make_program
from tests.jobs.test_report_tasks import states
from tests.jobs.test_tasks import work

pytestmark = pytest.mark.django_db(transaction=True)

OLGA = actor(Role.OWNER)


def test_a_worker_tells_of_a_lead_once() -> None:
    dana, acme = make_partner(notify_on_lead=True), make_contact()
    refer_contact(
        contact_id=acme.pk,
        partner_id=dana.pk,
        role=PartnerRole.LEAD,
        since=day(),
        request_key=key(),
        actor=OLGA,
    )
    tasks.tell_of_lead.defer(contact_id=acme.pk, partner_id=dana.pk)

    work()

    assert states("notify_partner_of_lead") == ["succeeded", "succeeded"]
    assert [message.subject for message in mail.outbox] == ["A contact you referred · My business"]
    assert Event.objects.get(name="partner.notified").source == "job"


def test_a_worker_tells_of_a_sale_once_even_when_the_partner_comes_back() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice()
    for lead in (dana.pk, None, dana.pk):
        assign_partners(
            order_id=invoice.order_id,
            lead_partner_id=lead,
            sale_partner_id=None,
            request_key=key(),
            actor=OLGA,
            on=day(),
        )

    work()

    assert states("notify_partner_of_sale") == ["succeeded", "succeeded"]
    assert [message.subject for message in mail.outbox] == [f"Order {invoice.order} · My business"]
    assert "You can earn $10.00 on it." in mail.outbox[0].body


def test_a_mail_server_that_is_away_is_tried_again_later(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    dana = make_partner()
    invoice = make_invoice(lead_partner_id=dana.pk)
    tasks.tell_of_sale.defer(order_id=invoice.order_id, partner_id=dana.pk)

    work()

    job = ProcrastinateJob.objects.get(task_name="notify_partner_of_sale")
    assert (job.status, job.attempts) == ("todo", 1)
    assert not Event.objects.filter(name="partner.notified").exists()
