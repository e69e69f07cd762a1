"""Applying a payment from the form: what is written, where the person ends up, what is said there."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Payment
from duebook.staff.models import Business
from tests.factories import day, make_contact, make_invoice, make_payment, payment_type
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import add_url, open_form, send

pytestmark = pytest.mark.django_db


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def test_two_clicks_apply_the_whole_balance(client: Client) -> None:
    carl = sign_in(client, Role.CLERK)
    invoice = make_invoice("480.00")

    order_tab = client.get(f"/contacts/{invoice.contact_id}/orders/")
    assert f'href="{add_url(invoice.contact_id)}"' in order_tab.content.decode()
    answer = send(client, open_form(client, invoice.contact_id))

    assert answer.status_code == 302
    assert answer.url == f"/contacts/{invoice.contact_id}/orders/"
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.currency) == (48000, "USD")
    assert payment.received_on == day()
    assert payment.payment_type == payment_type("Check")
    assert payment.apply_to_commissions is True
    assert payment.recorded_by_id == carl.pk
    assert payment.source == "web"
    assert balance_of(invoice) == 0
    assert [row.kind for row in Transfer.objects.filter(payment_id=payment.pk).order_by("id")] == [
        "payment_received",
        "allocated",
    ]
    assert Event.objects.get(payment_id=payment.pk).name == "payment.recorded"


def test_the_notice_says_the_new_balance_and_what_to_do_next(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("600.00")

    send(client, open_form(client, invoice.contact_id), amount="120.00")

    page = client.get(f"/contacts/{invoice.contact_id}/orders/")
    payment = Payment.objects.get()
    text = text_of(page)
    assert f"Payment {payment} of 120.00 applied to {invoice} . Balance due is now 480.00 ." in text
    for label, url in (
        ("Undo", f"/payments/{payment.pk}/reversal/"),
        ("Receipt", f"/payments/{payment.pk}/receipt/"),
        ("Add another", f"/contacts/{invoice.contact_id}/payments/new/"),
    ):
        assert f'<a href="{url}">{label}</a>' in page.content.decode()


def test_who_came_from_the_order_goes_back_to_it(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    order_page = client.get(f"/orders/{invoice.order_id}/")
    assert f"/payments/new/?invoice={invoice.pk}&amp;from=order" in order_page.content.decode()
    form = open_form(client, invoice.contact_id, f"invoice={invoice.pk}&from=order")
    answer = send(client, form, amount="10")

    assert answer.url == f"/orders/{invoice.order_id}/"


def test_who_entered_a_payment_is_offered_to_enter_the_next(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    answer = send(client, open_form(client, invoice.contact_id, "from=enter"), amount="10")

    page = client.get(answer.url)
    assert '<a href="/payments/new/">Add another</a>' in page.content.decode()


def test_all_that_was_typed_is_kept(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    invoice = make_invoice("100.00", contact=acme)

    send(
        client,
        open_form(client, acme.pk),
        amount="10.5",
        received_on=day(-3).isoformat(),
        payment_type=payment_type("Money Order").pk,
        reference=" MO 77812 ",
        notes="Brought to the office",
        apply_to_commissions="no",
    )

    payment = Payment.objects.get()
    assert payment.amount_minor == 1050
    assert payment.received_on == day(-3)
    assert payment.reference == "MO 77812"
    assert payment.notes == "Brought to the office"
    assert payment.apply_to_commissions is False
    assert balance_of(invoice) == 8950


def test_a_type_without_reference_keeps_none(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    send(
        client,
        open_form(client, invoice.contact_id),
        payment_type=payment_type("Cash").pk,
        reference="4471",
    )

    assert Payment.objects.get().reference == ""


def test_the_type_is_remembered_but_an_adjustment_is_not(client: Client) -> None:
    mia = sign_in(client, Role.MANAGER)
    invoice = make_invoice()

    send(client, open_form(client, invoice.contact_id), amount="10", payment_type=payment_type("Cash").pk)
    send(
        client,
        open_form(client, invoice.contact_id),
        amount="5",
        payment_type=payment_type("Adjustment").pk,
    )

    mia.refresh_from_db()
    assert mia.last_payment_type_id == payment_type("Cash").pk
    assert Payment.objects.count() == 2


def test_a_partial_and_then_the_final_payment_leave_nothing_to_choose(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")

    send(client, open_form(client, invoice.contact_id), amount="30.00")
    final = open_form(client, invoice.contact_id)
    send(client, final)

    assert final.context["form"]["amount"].value() == "70.00"
    assert balance_of(invoice) == 0
    assert open_form(client, invoice.contact_id).status_code == 422


def test_a_form_sent_twice_records_one_payment(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)

    first = send(client, page, amount="40.00")
    second = send(client, page, amount="40.00")

    assert first.url == second.url
    assert Payment.objects.count() == 1
    assert Event.objects.filter(name="payment.recorded").count() == 1
    assert balance_of(invoice) == 6000


def test_the_receipt_is_sent_when_ticked_and_only_once(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)

    send(client, open_form(client, invoice.contact_id), amount="1")
    none_yet = ProcrastinateJob.objects.count()
    send(client, page, amount="40.00", email_receipt="on")
    send(client, page, amount="40.00", email_receipt="on")

    assert none_yet == 0
    job = ProcrastinateJob.objects.get()
    payment = Payment.objects.get(amount_minor=4000)
    assert (job.task_name, job.args) == ("email_receipt", {"payment_id": payment.pk})


def test_the_business_may_tick_the_receipt_at_first(client: Client) -> None:
    sign_in(client)
    Business.objects.update(email_receipts=True)
    invoice = make_invoice()
    nobody = make_invoice(contact=make_contact("No Mail", email=""))

    ticked = open_form(client, invoice.contact_id)
    without_address = open_form(client, nobody.contact_id)

    assert ticked.context["form"]["email_receipt"].value() is True
    assert "email_receipt" not in without_address.context["form"].fields


def test_a_payment_on_account_is_kept_as_credit(client: Client) -> None:
    sign_in(client)
    acme = make_contact()

    answer = send(client, open_form(client, acme.pk, "account"), amount="50.00")

    payment = Payment.objects.get()
    assert payment.credit_minor == 5000
    text = text_of(client.get(answer.url))
    assert f"Payment {payment} of 50.00 recorded. Kept as credit on account: 50.00 ." in text


def test_saving_costs_the_same_however_much_there_is(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    counts = []
    for _round in range(2):
        for _ in range(5):
            make_payment("1.00", invoice=make_invoice(contact=acme))
        page = open_form(client, acme.pk, f"invoice={make_invoice(contact=acme).pk}")
        with CaptureQueriesContext(connection) as queries:
            send(client, page, amount=f"{10 + _round}")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 26
