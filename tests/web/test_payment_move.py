"""Moving what a payment settles, applying credit on account, amending notes."""

import pytest
from django.test import Client

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.payments.models import Allocation, Payment
from duebook.payments.queries import applied_by
from tests.factories import day, make_contact, make_invoice, make_payment, usd
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def move_url(payment: Payment, invoice: Invoice) -> str:
    return f"/payments/{payment.pk}/invoices/{invoice.pk}/move/"


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def test_a_payment_is_moved_to_another_invoice(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    acme = make_contact()
    wrong, right = make_invoice("100.00", contact=acme), make_invoice("80.00", contact=acme)
    payment = make_payment("50.00", invoice=wrong)
    page = client.get(move_url(payment, wrong))

    panel = client.post(
        move_url(payment, wrong),
        fields_of(page, to_invoice=right.pk),
        headers={"HX-Target": "preview"},
    )
    nothing_yet = balance_of(right)
    answer = client.post(move_url(payment, wrong), fields_of(page, to_invoice=right.pk))

    assert page.context["form"]["amount"].value() == "50.00"
    assert f"{wrong} 50.00 → 100.00" in text_of(panel)
    assert f"{right} 80.00 → 30.00" in text_of(panel)
    assert nothing_yet == 8000
    assert answer.url == f"/payments/{payment.pk}/"
    assert (balance_of(wrong), balance_of(right)) == (10000, 3000)
    assert Event.objects.latest("id").name == "allocation.moved"


def test_a_part_is_released_to_credit_on_account(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    payment = make_payment("50.00", invoice=invoice)
    page = client.get(move_url(payment, invoice))

    client.post(move_url(payment, invoice), fields_of(page, to_invoice="credit", amount="20"))

    payment.refresh_from_db()
    assert payment.credit_minor == 2000
    assert balance_of(invoice) == 7000


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"to_invoice": ""}, "to_invoice", "Choose where it goes."),
        ({"amount": "51"}, "amount", "has 50.00 applied to this invoice"),
        ({"amount": "0"}, "amount", "Enter an amount above zero"),
        ({"amount": ""}, "amount", "Enter an amount."),
    ],
)
def test_a_move_that_cannot_be(client: Client, typed: dict[str, str], field: str, says: str) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    payment = make_payment("50.00", invoice=invoice)
    page = client.get(move_url(payment, invoice))
    before = everything()

    answer = client.post(move_url(payment, invoice), fields_of(page, **{"to_invoice": "credit", **typed}))

    assert everything() == before
    assert answer.status_code == 422
    assert says in " ".join(answer.context["form"].errors[field])


def test_what_is_not_applied_there_cannot_be_moved(client: Client) -> None:
    sign_in(client)
    invoice, other = make_invoice(), make_invoice(contact=make_contact("Other"))
    payment = make_payment("50.00", invoice=invoice)

    assert client.get(move_url(payment, other)).status_code == 404


def test_a_clerk_may_not_move(client: Client) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice()
    payment = make_payment("50.00", invoice=invoice)

    assert client.get(move_url(payment, invoice)).status_code == 403


def test_credit_is_offered_to_the_invoices_longest_due_first(client: Client) -> None:
    sign_in(client, Role.CLERK)
    acme = make_contact()
    make_payment("120.00", contact=acme)
    newer = make_invoice("50.00", contact=acme)
    older = make_invoice("100.00", contact=acme, ordered_on=day(-40))
    url = f"/contacts/{acme.pk}/credit/"
    page = client.get(url)

    answer = client.post(url, fields_of(page))

    form = page.context["form"]
    assert form[f"part_{older.pk}"].value() == "100.00"
    assert form[f"part_{newer.pk}"].value() == "20.00"
    assert form["apply_to_commissions"].value() == "yes"
    assert "Credit on account 120.00 → 0.00" in text_of(page)
    assert answer.url == f"/contacts/{acme.pk}/orders/"
    assert (balance_of(older), balance_of(newer)) == (0, 3000)
    assert "120.00 of credit on account applied." in text_of(client.get(answer.url))


def test_credit_asks_whether_it_counts_for_commissions(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("30.00", contact=acme)
    invoice = make_invoice("100.00", contact=acme)
    url = f"/contacts/{acme.pk}/credit/?invoice={invoice.pk}"
    page = client.get(url)

    client.post(url, fields_of(page, apply_to_commissions="no"))

    assert Allocation.objects.get(invoice=invoice).apply_to_commissions is False


@pytest.mark.parametrize(
    ("part", "field", "says"),
    [
        ("40", "", "The credit on account is 30.00."),
        ("", "", "Enter an amount for at least one invoice."),
        ("101", "part", "At most the balance due of 100.00."),
        ("-1", "part", "Enter an amount above zero."),
    ],
)
def test_credit_that_cannot_be_applied(client: Client, part: str, field: str, says: str) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("30.00", contact=acme)
    invoice = make_invoice("100.00", contact=acme)
    url = f"/contacts/{acme.pk}/credit/"
    page = client.get(url)
    before = everything()

    answer = client.post(url, fields_of(page, **{f"part_{invoice.pk}": part}))

    form = answer.context["form"]
    errors = form.errors.get(f"part_{invoice.pk}", []) if field else form.non_field_errors()
    assert everything() == before
    assert answer.status_code == 422
    assert says in " ".join(errors)


def test_credit_sent_twice_is_applied_once(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("100.00", contact=acme)
    invoice = make_invoice("150.00", contact=acme)
    url = f"/contacts/{acme.pk}/credit/"
    sent = fields_of(client.get(url), **{f"part_{invoice.pk}": "40.00"})

    answers = [client.post(url, sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert balance_of(invoice) == 11000


def test_notes_and_reference_change_and_the_old_ones_are_kept(client: Client) -> None:
    sign_in(client, Role.CLERK)
    payment = make_payment("10.00", invoice=make_invoice(), reference="1", notes="Old")
    url = f"/payments/{payment.pk}/notes/"

    answer = client.post(url, fields_of(client.get(url), reference="2", notes="New"))

    payment.refresh_from_db()
    assert answer.url == f"/payments/{payment.pk}/"
    assert (payment.reference, payment.notes) == ("2", "New")
    assert Event.objects.latest("id").payload["before"] == {"reference": "1", "notes": "Old"}


def test_what_a_payment_settles_is_told_without_what_was_taken_off(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("80.00", contact=acme)
    payment = make_payment("50.00", invoice=first)
    page = client.get(move_url(payment, first))

    client.post(move_url(payment, first), fields_of(page, to_invoice=second.pk))

    parts = applied_by(Payment.objects.get(pk=payment.pk))
    assert [(part.invoice.pk, part.amount) for part in parts] == [(second.pk, usd("50.00"))]
    assert f"{first}" not in text_of(client.get(f"/contacts/{acme.pk}/payments/"))


def test_credit_for_an_invoice_that_was_paid_meanwhile(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("100.00", contact=acme)
    paid, other = make_invoice("40.00", contact=acme), make_invoice("30.00", contact=acme)
    url = f"/contacts/{acme.pk}/credit/"
    sent = fields_of(client.get(url))
    make_payment("40.00", invoice=paid)
    before = everything()

    answer = client.post(url, sent)

    assert everything() == before
    assert answer.status_code == 409
    assert f"{paid} has been paid meanwhile" in text_of(answer)
    assert answer.context["form"][f"part_{other.pk}"].value() == "30.00"
