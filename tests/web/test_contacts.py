"""The pages of contacts: list, form, and the record with its tabs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import (
    SYSTEM,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
)
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def test_a_contact_is_added_and_its_order_tab_opens(client: Client) -> None:
    sign_in(client, Role.CLERK)
    form = client.get("/contacts/new/")

    answer = client.post("/contacts/new/", fields_of(form, given_name="Marta", tags="a, b ,"), follow=True)

    contact = Contact.objects.get()
    assert answer.redirect_chain == [(f"/contacts/{contact.pk}/orders/", 302)]
    assert (contact.name, contact.tags) == ("Marta", ["a", "b"])
    assert "Marta added." in text_of(answer)


def test_a_form_sent_twice_adds_one_contact(client: Client) -> None:
    sign_in(client, Role.CLERK)
    sent = fields_of(client.get("/contacts/new/"), company="Acme")

    first, second = (client.post("/contacts/new/", sent) for _ in range(2))

    assert Contact.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_the_same_form_with_other_values_asks_and_keeps_what_was_typed(client: Client) -> None:
    sign_in(client, Role.CLERK)
    sent = fields_of(client.get("/contacts/new/"), company="Acme")
    client.post("/contacts/new/", sent)

    answer = client.post("/contacts/new/", {**sent, "company": "Other"})

    assert answer.status_code == 409
    assert "Acme was already recorded from this form." in text_of(answer)
    again = fields_of(answer)
    assert again["company"] == "Other"
    assert again["request_key"] != sent["request_key"]
    assert client.post("/contacts/new/", again).status_code == 302
    assert Contact.objects.count() == 2


def test_a_contact_without_a_name_comes_back_with_everything_typed(client: Client) -> None:
    sign_in(client, Role.CLERK)
    sent = fields_of(client.get("/contacts/new/"), email="someone@example.com", tags="x" * 51)

    no_tag = client.post("/contacts/new/", sent)
    no_name = client.post("/contacts/new/", {**sent, "tags": ""})

    assert (no_tag.status_code, no_name.status_code) == (422, 422)
    assert "A tag has at most 50 characters." in text_of(no_tag)
    assert "Enter a first name, a last name or a company." in text_of(no_name)
    assert 'value="someone@example.com"' in no_name.content.decode()
    assert not Contact.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["given_name", "company", "line2", "tags", "notes"])
def test_a_card_number_is_kept_in_no_text_of_a_contact(client: Client, name: str) -> None:
    sign_in(client)
    page = client.get("/contacts/new/")

    sent = fields_of(page, **{"family_name": "Jones", name: "4242 4242 4242 4242"})
    answer = client.post("/contacts/new/", sent)

    assert answer.status_code == 422
    assert "This looks like a card number." in text_of(answer)
    assert not Contact.objects.exists()


def test_a_contact_is_edited(client: Client) -> None:
    sign_in(client, Role.CLERK)
    contact = make_contact("Acme", tags=["old"], city="Berlin")
    form = client.get(f"/contacts/{contact.pk}/edit/")

    answer = client.post(f"/contacts/{contact.pk}/edit/", fields_of(form, city="Bonn"), follow=True)

    contact.refresh_from_db()
    assert (contact.city, contact.tags) == ("Bonn", ["old"])
    assert "Bonn" in text_of(answer)


def test_the_details_show_a_dash_for_what_is_not_known(client: Client) -> None:
    sign_in(client)
    bare = make_contact("Acme")
    known = make_contact("Ring", city="Bonn")

    assert "Address – Tags –" in text_of(client.get(f"/contacts/{bare.pk}/"))
    assert "Address Bonn Tags –" in text_of(client.get(f"/contacts/{known.pk}/"))


def test_the_list_goes_by_name_and_finds_by_text_and_number(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    make_contact("beta")
    invoice = make_invoice(contact=make_contact("Alpha"))

    every = text_of(client.get("/contacts/"))
    some = text_of(client.get("/contacts/?q=bet"))
    by_number = text_of(client.get(f"/contacts/?q={invoice}"))
    none = text_of(client.get("/contacts/?q=gamma"))

    assert every.index("Alpha") < every.index("beta")
    assert "beta" in some
    assert "Alpha" not in some
    assert f"Alpha {invoice}" in by_number
    assert "Nobody found for “gamma”." in none


def test_an_empty_list_says_what_to_do_next(client: Client) -> None:
    sign_in(client, Role.CLERK)

    assert "No contacts yet. Add the first one, or import your orders" in text_of(client.get("/contacts/"))


def test_the_order_tab_shows_what_is_due_and_where_to_pay_it(client: Client) -> None:
    sign_in(client, Role.CLERK)
    acme = make_contact("Acme")
    dana = make_partner("Dana")
    paid = make_invoice("350.00", contact=acme, title="Logo", lead_partner_id=dana.pk)
    late = make_invoice("1200.00", contact=acme, title="Website package", ordered_on=day(-41))
    void = make_invoice("5.00", contact=acme, title="Mistake")
    void_invoice(invoice_id=void.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    make_payment("375.00", invoice=paid, shares={paid.pk: "350.00"}, surplus="keep_as_credit")
    make_payment("720.00", invoice=late)

    said = text_of(client.get(f"/contacts/{acme.pk}/orders/"))

    assert "Owes 480.00 Credit on account 25.00" in said
    assert f"Website package #{late.order.number}" in said
    assert f"INV-{late.number} 11 days late – 1,200.00 720.00 480.00 Add Payment" in said
    assert f"INV-{paid.number} paid Dana 350.00 350.00 0.00" in said
    assert f"INV-{void.number} void – 0.00 0.00 0.00" in said
    assert said.count("Add Payment") == 2


def test_an_amount_in_another_currency_always_shows_its_sign(client: Client) -> None:
    sign_in(client)
    acme = make_contact("Acme")
    make_invoice("10.00", contact=acme)
    make_invoice("20.00", contact=acme, currency="EUR")

    said = text_of(client.get(f"/contacts/{acme.pk}/orders/"))

    assert "Owes €20.00 10.00" in said


def test_the_payments_tab_says_what_became_of_each_payment(client: Client) -> None:
    sign_in(client)
    acme = make_contact("Acme")
    invoice = make_invoice("100.00", contact=acme)
    applied = make_payment("40.00", invoice=invoice, reference="4471")
    undone = make_payment("10.00", invoice=invoice)
    reverse_payment(payment_id=undone.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())
    kept = make_payment("5.00", contact=acme)

    said = text_of(client.get(f"/contacts/{acme.pk}/payments/"))

    assert f"{kept} credit on account" in said
    assert f"{undone} undone" in said
    assert "Check 4471" in said
    assert str(applied) in said


def test_the_history_tells_everything_newest_first(client: Client) -> None:
    user = sign_in(client, Role.CLERK)
    client.post("/contacts/new/", fields_of(client.get("/contacts/new/"), company="Acme"))
    contact = Contact.objects.get()
    invoice = make_invoice("100.00", contact=contact)

    said = text_of(client.get(f"/contacts/{contact.pk}/history/"))

    placed = said.index(f"Order #{invoice.order.number} placed: INV-{invoice.number} over 100.00.")
    assert placed < said.index("Contact added.")
    assert str(user) in said


@pytest.mark.parametrize(("tab", "queries"), [("", 7), ("orders/", 8), ("payments/", 10), ("history/", 9)])
@pytest.mark.parametrize("rows", [1, 12])
def test_a_tab_costs_the_same_whatever_the_contact_has(
    client: Client, tab: str, queries: int, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    acme = make_contact("Acme")
    dana = make_partner("Dana")
    for number in range(rows):
        invoice = make_invoice(
            "100.00", contact=acme, lead_partner_id=dana.pk, ordered_on=day() - timedelta(number)
        )
        make_payment("40.00", invoice=invoice)

    with django_assert_num_queries(queries):
        client.get(f"/contacts/{acme.pk}/{tab}")


@pytest.mark.parametrize("rows", [1, 12])
def test_the_list_costs_the_same_whatever_its_length(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(rows):
        make_contact(f"Acme {number}", email=f"a{number}@example.com")

    with django_assert_num_queries(4):
        client.get("/contacts/")
