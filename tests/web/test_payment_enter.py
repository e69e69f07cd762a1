"""Enter a Payment: from a name or a number to the form of the contact."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from tests.factories import make_contact, make_invoice
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db
URL = "/payments/new/"


def test_the_menu_leads_to_a_field_and_ok(client: Client) -> None:
    sign_in(client, Role.CLERK)

    home = client.get("/contacts/").content.decode()
    page = client.get(URL)

    assert f'href="{URL}">Enter a Payment</a>' in home
    assert page.status_code == 200
    assert '<label class="form-label" for="name">Name</label>' in page.content.decode()
    assert 'type="submit">OK</button>' in page.content.decode()


@pytest.mark.parametrize("text", ["Marta Keller", "keller", "Keller Studio", "marta@keller.example"])
def test_a_name_a_company_or_an_address_leads_to_the_form(client: Client, text: str) -> None:
    sign_in(client)
    marta = make_contact(
        "Keller Studio", given_name="Marta", family_name="Keller", email="marta@keller.example"
    )
    make_contact("Other")

    answer = client.get(URL, {"q": text})

    assert answer.status_code == 302
    assert answer.url == f"/contacts/{marta.pk}/payments/new/?from=enter"


def test_an_invoice_number_leads_to_the_form_with_that_invoice(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_invoice(contact=acme)
    second = make_invoice("70.00", contact=acme)

    answer = client.get(URL, {"q": f"inv-{second.number}"}, follow=True)

    assert answer.context["form"]["invoice"].value() == second.pk
    assert answer.context["form"]["amount"].value() == "70.00"


def test_an_order_number_leads_to_its_contact(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    answer = client.get(URL, {"q": f"#{invoice.order.number}"})

    assert answer.url == f"/contacts/{invoice.contact_id}/payments/new/?from=enter"


def test_several_that_match_are_a_list_with_what_each_owes(client: Client) -> None:
    sign_in(client)
    anna, otto = make_contact("Smith Bakery"), make_contact("Smith Tools")
    make_invoice("61.53", contact=anna)

    answer = client.get(URL, {"q": "smith"})

    text = text_of(answer)
    assert answer.status_code == 200
    assert "Several match. Who is it?" in text
    assert "61.53" in text
    assert "nothing due" in text
    assert f"/contacts/{otto.pk}/payments/new/?from=enter" in answer.content.decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [("Nobody", "Nobody found for “Nobody”."), ("", "Enter a name, or a part of it.")],
)
def test_nobody_found_is_said_beside_the_field(client: Client, text: str, says: str) -> None:
    sign_in(client)

    answer = client.get(URL, {"q": text})

    assert answer.status_code == 422
    assert says in text_of(answer)
    assert f'value="{text}"' in answer.content.decode()


def test_a_person_chosen_from_the_list_is_taken_whatever_the_text(client: Client) -> None:
    sign_in(client)
    first, second = make_contact("Smith"), make_contact("Smith & Sons")
    assert first.pk != second.pk

    answer = client.get(URL, {"q": "Smith", "contact": str(second.pk)})

    assert answer.url == f"/contacts/{second.pk}/payments/new/?from=enter"


@pytest.mark.parametrize("made_up", ["4711", "abc", "²", "9" * 40])
def test_a_made_up_contact_falls_back_to_the_text(client: Client, made_up: str) -> None:
    sign_in(client)
    acme = make_contact("Acme")

    answer = client.get(URL, {"q": "acme", "contact": made_up})

    assert answer.url == f"/contacts/{acme.pk}/payments/new/?from=enter"


def test_while_typing_the_options_come_alone(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_invoice("12.50", contact=acme)

    answer = client.get(URL, {"q": "acm"}, headers={"HX-Request": "true", "HX-Target": "name-options"})

    body = " ".join(answer.content.decode().split())
    assert answer.status_code == 200
    assert "<html" not in body
    assert body.count('role="option"') == 1
    assert f'data-contact="{acme.pk}"' in body
    assert "12.50" in body


def test_a_viewer_may_not_enter_payments(client: Client) -> None:
    sign_in(client, Role.VIEWER)

    assert client.get(URL).status_code == 403
    assert "Enter a Payment" not in client.get("/contacts/").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_matches(client: Client) -> None:
    sign_in(client)
    counts = []
    for _round in range(2):
        for i in range(4):
            make_invoice(contact=make_contact(f"Smith {_round} {i}"))
        with CaptureQueriesContext(connection) as queries:
            client.get(URL, {"q": "smith"}, headers={"HX-Request": "true", "HX-Target": "name-options"})
        counts.append(len(queries))

    assert counts == [5, 5]
