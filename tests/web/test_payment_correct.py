"""Correcting a payment: the form filled in as it was recorded; both halves happen, or neither."""

import pytest
from django.test import Client

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment, PaymentType
from duebook.payments.queries import applied_by
from tests.factories import day, make_contact, make_invoice, make_payment, payment_type
from tests.snapshot import everything
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import preview, send

pytestmark = pytest.mark.django_db


def url_of(payment: Payment) -> str:
    return f"/payments/{payment.pk}/correction/"


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def scene() -> tuple[Contact, Invoice, Payment]:
    acme = make_contact()
    invoice = make_invoice("100.00", contact=acme)
    payment = make_payment(
        "100.00",
        invoice=invoice,
        reference="4471",
        notes="By post",
        received_on=day(),
        apply_to_commissions=False,
    )
    return acme, invoice, payment


def test_the_form_opens_as_the_payment_was_recorded(client: Client) -> None:
    sign_in(client)
    _acme, invoice, payment = scene()

    page = client.get(url_of(payment))

    form = page.context["form"]
    assert form["invoice"].value() == invoice.pk
    assert form["amount"].value() == "100.00"
    assert form["received_on"].value() == day()
    assert form["payment_type"].value() == payment_type("Check").pk
    assert form["reference"].value() == "4471"
    assert form["notes"].value() == "By post"
    assert form["apply_to_commissions"].value() == "no"
    text = text_of(page)
    assert f"{payment} of 100.00, Check of" in text
    assert "is undone and this is recorded in its place." in text
    assert "Received from Acme" in text
    assert f"Balance due without {payment} 100.00 → after 0.00" in text


def test_a_key_that_leaves_no_room_for_those_of_its_halves_is_refused(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    _acme, _invoice, payment = scene()
    page = client.get(url_of(payment))
    before = everything()

    answer = send(client, page, amount="10.00", reason="Wrong amount", request_key="k" * 96)

    assert answer.status_code == 422
    assert everything() == before


def test_saving_undoes_the_wrong_one_and_records_the_right_one(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    acme, invoice, payment = scene()
    page = client.get(url_of(payment))

    answer = send(client, page, amount="10.00", reason="Wrong amount")

    right = Payment.objects.exclude(pk=payment.pk).get()
    payment.refresh_from_db()
    assert answer.url == f"/contacts/{acme.pk}/orders/"
    assert payment.reversed_minor == 10000
    assert right.amount_minor == 1000
    assert balance_of(invoice) == 9000
    assert [event.name for event in Event.objects.order_by("id")][-2:] == [
        "payment.reversed",
        "payment.recorded",
    ]
    said = text_of(client.get(answer.url))
    assert f"{payment} is undone. Payment {right} of 10.00 applied to {invoice}" in said


def test_the_panel_counts_what_the_wrong_one_gives_back(client: Client) -> None:
    sign_in(client)
    _acme, _invoice, payment = scene()
    page = client.get(url_of(payment))
    before = everything()

    panel = preview(client, page, amount="30.00")

    assert everything() == before
    assert f"Balance due without {payment} 100.00 → after 70.00" in text_of(panel)


def test_a_payment_of_another_contact_moves_to_it(client: Client) -> None:
    sign_in(client)
    _acme, invoice, payment = scene()
    other = make_invoice("300.00", contact=make_contact("Okafor & Sons"))

    found = client.get(f"{url_of(payment)}contact/", {"q": "okafor"})
    page = client.get(found.url)
    answer = send(client, page, reason="Wrong contact")

    right = Payment.objects.exclude(pk=payment.pk).get()
    assert found.url == f"{url_of(payment)}?contact={other.contact_id}"
    assert page.context["form"]["amount"].value() == "100.00"
    assert page.context["form"]["invoice"].value() == other.pk
    assert answer.url == f"/contacts/{other.contact_id}/orders/"
    assert right.contact_id == other.contact_id
    assert (balance_of(invoice), balance_of(other)) == (10000, 20000)


def test_a_refused_correction_undoes_nothing(client: Client) -> None:
    sign_in(client)
    _acme, _invoice, payment = scene()
    page = client.get(url_of(payment))
    before = everything()

    future = send(client, page, received_on=day(2).isoformat(), reason="Wrong date")
    no_reason = send(client, page, amount="10.00", reason="")

    assert everything() == before
    assert future.status_code == 422
    assert "is in the future" in " ".join(future.context["form"].errors["received_on"])
    assert future.context["form"]["reason"].value() == "Wrong date"
    assert no_reason.status_code == 422
    assert "Say why" in " ".join(no_reason.context["form"].errors["reason"])


def test_a_correction_sent_twice_happens_once(client: Client) -> None:
    sign_in(client)
    _acme, invoice, payment = scene()
    page = client.get(url_of(payment))

    first = send(client, page, amount="10.00", reason="Wrong amount")
    second = send(client, page, amount="10.00", reason="Wrong amount")

    assert first.url == second.url
    assert Payment.objects.count() == 2
    assert balance_of(invoice) == 9000


def test_a_split_payment_opens_split_and_one_on_account_without_invoice(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    split = make_payment("150.00", contact=acme, shares={first.pk: "100.00", second.pk: "50.00"})
    on_account = make_payment("20.00", contact=acme)

    split_page = client.get(url_of(split))
    account_page = client.get(url_of(on_account))

    assert split_page.context["form"].kind == "split"
    assert split_page.context["form"][f"part_{first.pk}"].value() == "100.00"
    assert split_page.context["form"][f"part_{second.pk}"].value() == "50.00"
    assert account_page.context["form"].kind == "account"


def test_a_split_payment_is_corrected_to_other_parts(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    wrong = make_payment("100.00", contact=acme, shares={first.pk: "60.00", second.pk: "40.00"})
    page = client.get(url_of(wrong))

    answer = send(
        client, page, reason="Wrong parts", **{f"part_{first.pk}": "100.00", f"part_{second.pk}": ""}
    )

    right = Payment.objects.exclude(pk=wrong.pk).get()
    assert answer.status_code == 302
    assert [(part.invoice.pk, part.amount.minor) for part in applied_by(right)] == [(first.pk, 10000)]
    assert balance_of(second) == 5000


def test_what_was_undone_or_is_someone_elses_cannot_be_corrected(client: Client) -> None:
    _acme, _invoice, payment = scene()
    sign_in(client, Role.CLERK)

    assert client.get(url_of(payment)).status_code == 403


def test_a_type_no_longer_in_use_is_asked_for_anew(client: Client) -> None:
    sign_in(client)
    _acme, _invoice, payment = scene()
    PaymentType.objects.filter(label="Check").update(active=False)
    page = client.get(url_of(payment))

    answer = send(client, page, payment_type="", reason="Wrong type")

    choices = page.context["form"].fields["payment_type"].choices
    assert choices[0] == ("", "Choose a payment type")
    assert answer.status_code == 422
    assert "Choose a payment type." in " ".join(answer.context["form"].errors["payment_type"])
