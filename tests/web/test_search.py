"""The search field finds contacts by text, and orders and invoices by number."""

from typing import Any

import pytest
from django.test import Client

from duebook.web.search import find, find_contacts
from tests.factories import make_contact, make_invoice
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "finds_order", "finds_invoice"),
    [
        ("{order}", True, False),
        ("#{order}", True, False),
        ("order {order}", True, False),
        ("{invoice}", False, True),
        ("INV-{invoice}", False, True),
        ("inv{invoice}", False, True),
        ("inv-{order}", False, False),
        ("#{invoice}", False, False),
        ("99999999999999999", False, False),
    ],
)
def test_a_number_finds_its_order_and_its_invoice(text: str, finds_order: bool, finds_invoice: bool) -> None:
    make_invoice()
    invoice = make_invoice()
    order = invoice.order
    # The two sequences may stand at the same number.
    order.number = 700_001
    order.save(update_fields=["number"])
    invoice.number = 800_001
    invoice.save(update_fields=["number"])

    found = find(text.format(order=order.number, invoice=invoice.number))

    assert [row.pk for row in found.orders] == ([order.pk] if finds_order else [])
    assert [row.pk for row in found.invoices] == ([invoice.pk] if finds_invoice else [])


def test_a_number_leads_to_its_contact_who_is_found_once() -> None:
    acme = make_contact("Acme")
    invoice = make_invoice(contact=acme)

    matches = find_contacts(f"INV-{invoice.number}")

    assert [(match.contact, match.by) for match in matches] == [(acme, str(invoice))]


def test_the_list_under_the_field_is_a_fragment_and_the_page_a_page(client: Client) -> None:
    sign_in(client)
    make_contact("Acme & Sons")

    fragment = client.get("/search/?q=acme", headers={"HX-Request": "true"})
    page = client.get("/search/?q=acme")

    assert "Acme &amp; Sons" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert "<html" in page.content.decode()
    assert fragment["Vary"].count("HX-Request") == 1


def test_nothing_found_says_what_to_try(client: Client) -> None:
    sign_in(client)

    assert "Nothing found for “nobody”. Try a name" in text_of(client.get("/search/?q=nobody"))
    assert client.get("/search/?q=").status_code == 200


@pytest.mark.parametrize("contacts", [1, 30])
def test_searching_costs_the_same_whatever_it_finds(
    client: Client, contacts: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(contacts):
        make_contact(f"Acme {number}", email=f"a{number}@example.com")

    with django_assert_num_queries(3):
        client.get("/search/?q=acme", headers={"HX-Request": "true"})
