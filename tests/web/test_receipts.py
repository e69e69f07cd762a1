"""A receipt's pages: to print, as PDF, by e-mail."""

from datetime import date

import pytest
from django.core import mail
from django.test import Client

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.payments.services.reverse_payment import reverse_payment
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def test_the_page_says_what_was_paid_on_what_and_what_remains(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice("100.00", title="Website")
    payment = make_payment("40.00", invoice=invoice, reference="4471")

    said = text_of(client.get(f"/payments/{payment.pk}/receipt/"))

    assert f"Receipt P-{payment.number}" in said
    assert "Amount received $40.00" in said
    assert "Payment Type Check 4471" in said
    assert f"{invoice} Website $40.00 $60.00" in said
    assert "E-mail" not in said


def test_a_receipt_printed_again_says_of_which_day_its_balance_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    payment = make_payment("40.00", invoice=invoice)
    make_payment("25.00", invoice=invoice)
    monkeypatch.setattr("duebook.reports.queries.receipt.today", lambda: date(2031, 2, 3))

    said = text_of(client.get(f"/payments/{payment.pk}/receipt/"))

    assert "Balance due on February 3, 2031" in said
    assert "$40.00 $35.00" in said


def test_the_page_of_an_undone_payment_says_so(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    reverse_payment(payment_id=payment.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())

    said = text_of(client.get(f"/payments/{payment.pk}/receipt/"))

    assert "This payment was undone on" in said


def test_the_pdf_opens_in_the_browser(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))

    answer = client.get(f"/payments/{payment.pk}/receipt.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'inline; filename="receipt-P-{payment.number}.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_sending_twice_from_one_form_sends_once(client: Client) -> None:
    sign_in(client, Role.CLERK)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    address = f"/payments/{payment.pk}/receipt/message/"
    form = client.get(address)
    sent = fields_of(form)

    first, second = client.post(address, sent), client.post(address, sent)

    assert sent["address"] == "acme@example.com"
    assert first["Location"] == second["Location"] == f"/payments/{payment.pk}/receipt/"
    assert len(mail.outbox) == 1
    assert f"Receipt of P-{payment.number} sent to acme@example.com." in text_of(
        client.get(first["Location"])
    )


def test_an_address_that_is_none_comes_back(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice("100.00", contact=make_contact(email="")))
    address = f"/payments/{payment.pk}/receipt/message/"

    answer = client.post(address, fields_of(client.get(address), address="nobody"))

    assert answer.status_code == 422
    assert mail.outbox == []
    assert not Event.objects.filter(name="receipt.emailed").exists()


def test_a_mail_server_that_is_away_is_said(client: Client, settings) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    address = f"/payments/{payment.pk}/receipt/message/"

    answer = client.post(address, fields_of(client.get(address)))

    assert answer.status_code == 422
    assert "The mail server did not take the message." in text_of(answer)


def test_a_viewer_sends_nothing(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))

    answer = client.post(
        f"/payments/{payment.pk}/receipt/message/", {"address": "a@example.com", "request_key": "k"}
    )

    assert answer.status_code == 403
    assert mail.outbox == []


@pytest.mark.parametrize("page", ["receipt/", "receipt.pdf", "receipt/message/"])
def test_no_payment_no_receipt(client: Client, page: str) -> None:
    sign_in(client)

    assert client.get(f"/payments/999/{page}").status_code == 404
