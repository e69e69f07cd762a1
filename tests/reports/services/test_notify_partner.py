"""A partner is told of a lead or a sale once, with customers named only where the business allows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.errors import Forbidden, MailNotSent
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.partners.models import Partner, Referral
from duebook.reports.services.notify_partner_of_lead import notify_partner_of_lead
from duebook.reports.services.notify_partner_of_sale import notify_partner_of_sale
from duebook.sales.services.assign_partners import assign_partners
from duebook.sales.services.cancel_order import cancel_order
from duebook.staff.models import Business
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    line,
    make_contact,
    make_invoice,
    make_partner,
    make_program,
)
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def referred() -> Referral:
    """Acme, referred by Dana, who wants to know."""
    dana = make_partner(notify_on_lead=True)
    return Referral.objects.create(contact=make_contact(), partner=dana, role="lead", since=day())


def sold(total: str = "100.00", **partner_ids: int) -> Invoice:
    """An order of Acme; Dana leads and earns 12.5 % of it unless others are given."""
    if not partner_ids:
        dana = make_partner()
        make_program(dana, rates={("lead", 1): 1250})
        partner_ids = {"lead_partner_id": dana.pk}
    return make_invoice(total, **partner_ids)


def tell_lead(referral: Referral, **fields: Any) -> bool:
    given = {"contact_id": referral.contact_id, "partner_id": referral.partner_id, "request_key": key()}
    return notify_partner_of_lead(**{**given, "actor": SYSTEM, **fields})


def tell_sale(invoice: Invoice, **fields: Any) -> bool:
    given = {"partner_id": invoice.order.lead_partner_id, "request_key": key(), "actor": SYSTEM}
    return notify_partner_of_sale(order_id=invoice.order_id, **{**given, **fields})


def names_shown() -> None:
    Business.objects.update(name="Keller Studio", partners_see_names=True, email="office@keller.example")


def nothing_was_sent() -> bool:
    return mail.outbox == [] and not Event.objects.filter(name="partner.notified").exists()


def test_a_lead_is_told_without_the_customers_name() -> None:
    referral = referred()

    assert tell_lead(referral)

    [message] = mail.outbox
    assert (message.to, message.reply_to) == (["dana@example.com"], [])
    assert message.subject == "A contact you referred · My business"
    assert message.body == (
        "Hello Dana,\n\n"
        "My business has noted that you referred a contact.\n\n"
        "Your partner pages show more.\n\n"
        "My business\n"
    )
    event = Event.objects.get(name="partner.notified")
    assert (event.contact_id, event.order_id) == (referral.contact_id, None)
    assert event.payload == {
        "partner_id": referral.partner_id,
        "name": "Dana",
        "address": "dana@example.com",
    }


def test_a_message_leads_to_the_partners_pages_where_the_server_knows_its_name(settings: Any) -> None:
    settings.PUBLIC_URL = "https://pay.example.com"

    assert tell_lead(referred())

    [message] = mail.outbox
    assert "\n\nYour partner pages show more: https://pay.example.com/portal/overview/\n\n" in message.body


def test_a_lead_is_told_with_the_customers_name_where_the_business_allows() -> None:
    names_shown()

    tell_lead(referred())

    [message] = mail.outbox
    assert (message.subject, message.reply_to) == (
        "A contact you referred · Keller Studio",
        ["office@keller.example"],
    )
    assert message.body == (
        "Hello Dana,\n\n"
        "Keller Studio has noted that you referred a contact: Acme.\n\n"
        "Your partner pages show more.\n\n"
        "Keller Studio\n"
    )


def test_a_sale_is_told_with_what_can_be_earned_to_the_cent() -> None:
    invoice = sold("99.96")

    assert tell_sale(invoice)

    [message] = mail.outbox
    assert message.to == ["dana@example.com"]
    assert message.subject == f"Order {invoice.order} · My business"
    assert message.body == (
        "Hello Dana,\n\n"
        f"My business has an order that names you as lead partner: {invoice.order}."
        " You can earn $12.50 on it.\n\n"
        "Your partner pages show more.\n\n"
        "My business\n"
    )
    event = Event.objects.get(name="partner.notified")
    assert (event.contact_id, event.order_id) == (invoice.contact_id, invoice.order_id)
    assert event.payload == {
        "partner_id": invoice.order.lead_partner_id,
        "name": "Dana",
        "address": "dana@example.com",
        "order_id": invoice.order_id,
        "number": str(invoice.order),
        "total_minor": 1250,
        "currency": "USD",
    }


def test_a_sale_is_told_with_the_customers_name_and_all_roles_together() -> None:
    names_shown()
    dana = make_partner()
    make_program(dana, rates={("lead", 1): 1000, ("sale", 1): 500})
    invoice = sold(lead_partner_id=dana.pk, sale_partner_id=dana.pk)

    tell_sale(invoice)

    assert mail.outbox[0].body == (
        "Hello Dana,\n\n"
        f"Keller Studio has an order that names you as lead and sale partner: {invoice.order}."
        " The customer is Acme."
        " You can earn $15.00 on it.\n\n"
        "Your partner pages show more.\n\n"
        "Keller Studio\n"
    )


def test_a_sale_partner_is_told_of_the_own_share_alone() -> None:
    dana, sam = make_partner(), make_partner("Sam", code="SAMMY")
    make_program(dana, sam, rates={("lead", 1): 1000, ("sale", 1): 300})
    invoice = sold(lead_partner_id=dana.pk, sale_partner_id=sam.pk)

    tell_sale(invoice, partner_id=sam.pk)

    assert mail.outbox[0].to == ["sam@example.com"]
    assert "names you as sale partner:" in mail.outbox[0].body
    assert "You can earn $3.00 on it." in mail.outbox[0].body


def test_an_order_that_brings_nothing_says_so() -> None:
    tell_sale(sold(lead_partner_id=make_partner().pk))

    assert "You earn nothing on it." in mail.outbox[0].body


def test_an_amount_has_the_currency_of_the_order() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice(currency="EUR", lines=[line("250.00")], lead_partner_id=dana.pk)

    tell_sale(invoice)

    assert "You can earn €25.00 on it." in mail.outbox[0].body


def test_the_same_request_sends_one_message() -> None:
    referral, invoice = referred(), sold(lead_partner_id=Partner.objects.get().pk)

    assert [tell_lead(referral, request_key="lead") for _ in range(2)] == [True, False]
    assert [tell_sale(invoice, request_key="sale") for _ in range(2)] == [True, False]

    assert len(mail.outbox) == 2
    assert Event.objects.filter(name="partner.notified").count() == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda dana: Partner.objects.update(status="inactive"), id="inactive"),
        pytest.param(
            lambda dana: Partner.objects.update(notify_on_lead=False, notify_on_sale=False), id="switched off"
        ),
        pytest.param(lambda dana: type(dana.contact).objects.update(email=""), id="without address"),
    ],
)
def test_who_changed_meanwhile_is_not_told(change: Callable[[Partner], Any]) -> None:
    referral = referred()
    invoice = sold(lead_partner_id=referral.partner_id)
    change(referral.partner)

    assert not tell_lead(referral)
    assert not tell_sale(invoice)

    assert nothing_was_sent()


def test_a_contact_that_the_partner_did_not_refer_is_not_told() -> None:
    referral = referred()

    assert not tell_lead(referral, contact_id=make_contact("Beta").pk)

    assert nothing_was_sent()


def test_who_was_taken_off_the_order_meanwhile_is_not_told() -> None:
    invoice = sold()
    assign_partners(
        order_id=invoice.order_id,
        lead_partner_id=None,
        sale_partner_id=None,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    assert not tell_sale(invoice)

    assert nothing_was_sent()


def test_a_cancelled_order_is_not_told() -> None:
    invoice = sold()
    cancel_order(order_id=invoice.order_id, reason="mistake", request_key=key(), actor=SYSTEM, on=day())

    assert not tell_sale(invoice)

    assert nothing_was_sent()


def test_only_those_who_manage_partners_may_tell() -> None:
    referral = referred()
    invoice = sold(lead_partner_id=referral.partner_id)

    with pytest.raises(Forbidden):
        tell_lead(referral, actor=actor(Role.CLERK))
    with pytest.raises(Forbidden):
        tell_sale(invoice, actor=actor(Role.CLERK))

    assert nothing_was_sent()


def test_a_refused_message_leaves_no_event_and_can_be_sent_again(settings: Any) -> None:
    invoice = sold()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises(MailNotSent):
        tell_sale(invoice, request_key="sale")
    assert nothing_was_sent()
    settings.EMAIL_BACKEND = working

    assert tell_sale(invoice, request_key="sale")
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_send_one_message() -> None:
    referral = referred()
    invoice = sold(lead_partner_id=referral.partner_id)

    leads = in_threads(4, lambda _: tell_lead(referral, request_key="lead"))
    sales = in_threads(4, lambda _: tell_sale(invoice, request_key="sale"))

    assert sorted(leads) == sorted(sales) == [False, False, False, True]
    assert len(mail.outbox) == 2


def test_a_lead_in_the_sale_role_is_a_lead_too() -> None:
    referral = referred()
    Referral.objects.update(role=PartnerRole.SALE.value)

    assert tell_lead(referral)
