"""What pages say of a charge that waits for its customer while its invoice is settled otherwise."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Charge
from tests.factories import key, make_contact, make_invoice, make_payment
from tests.payments.calling_off import a_waiting_charge, the_janitor_takes_a_turn
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.payment_form import open_form, preview, preview_url, sent
from tests.web.test_order_items import rows

pytestmark = pytest.mark.django_db

WAITS = "A charge of 100.00 waits for the customer’s bank; it will be called off."
GOES_ON = (
    "A charge of 100.00 is under way and cannot be called off. If it goes through, what is not owed any more"
    " is kept as credit on account."
)


@pytest.mark.parametrize(("token", "says"), [("tok_action", WAITS), ("tok_slow", GOES_ON)])
def test_the_preview_of_a_payment_says_what_becomes_of_the_charge(
    client: Client, gateway: FakeGateway, token: str, says: str
) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice, token=token)
    page = open_form(client, invoice.contact_id)

    assert says in text_of(preview(client, page, amount="30.00"))
    assert says in text_of(preview(client, page, amount="30.00", as_panel=False))


def test_a_payment_that_leaves_enough_for_the_charge_says_nothing_of_it(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice, "60.00")
    page = open_form(client, invoice.contact_id)

    assert "called off" not in text_of(preview(client, page, amount="40.00"))
    assert "A charge of 60.00 waits" in text_of(preview(client, page, amount="40.01"))


def test_the_preview_asks_nothing_more_where_no_charge_is_under_way(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    page = open_form(client, invoice.contact_id)
    fields = sent(page.context["form"], page, {"amount": "30.00"})

    def panel() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.post(preview_url(invoice.contact_id), fields, headers={"HX-Target": "preview"})
        return len(queries)

    panel()
    before = panel()
    a_waiting_charge(invoice)

    assert panel() == before + 1


def test_the_preview_of_credit_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    make_payment("100.00", contact=invoice.contact)

    assert WAITS in text_of(client.get(f"/contacts/{invoice.contact_id}/credit/"))


def test_the_preview_of_a_move_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    acme = make_contact("Acme")
    paid, invoice = make_invoice("50.00", contact=acme), make_invoice("100.00", contact=acme)
    payment = make_payment("50.00", invoice=paid)
    a_waiting_charge(invoice)
    address = f"/payments/{payment.pk}/invoices/{paid.pk}/move/"
    typed = fields_of(client.get(address), to_invoice=str(invoice.pk))

    assert WAITS in text_of(client.post(address, typed, headers={"HX-Target": "preview"}))


def test_voiding_the_invoice_or_cancelling_its_order_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")

    def told() -> list[bool]:
        addresses = (f"/invoices/{invoice.pk}/void/", f"/orders/{invoice.order_id}/cancellation/")
        return [WAITS in text_of(client.get(address)) for address in addresses]

    assert told() == [False, False]
    a_waiting_charge(invoice)
    assert told() == [True, True]


def test_changing_the_items_says_so_where_less_is_owed_then(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    address = f"/orders/{invoice.order_id}/items/"

    def told(price: str) -> str:
        typed = rows({"description": "Website", "unit_price": price})
        fields: dict[str, Any] = {"request_key": key(), **typed}
        return text_of(client.post(address, fields, headers={"HX-Request": "true"}))

    assert WAITS in told("99.99")
    assert "called off" not in told("120")


def test_the_charges_page_says_that_it_is_called_off_and_gives_no_link_away(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    assert "https://bank.example/3ds" in client.get(f"/charges/{made.pk}/").content.decode()
    make_payment("100.00", invoice=invoice)

    page = client.get(f"/charges/{made.pk}/")

    told = text_of(page)
    assert "Being called off" in told
    assert "The customer need not confirm anything any more." in told
    assert "Cancel Charge" in told
    assert "bank.example" not in page.content.decode()

    the_janitor_takes_a_turn()
    told = text_of(client.get(f"/charges/{made.pk}/"))
    assert "Not carried out" in told
    assert "It was called off, since less was owed by then than it was to take. No card was charged." in told
    history = text_of(client.get(f"/contacts/{invoice.contact_id}/history/"))
    assert f"Charge {made} of 100.00 was called off, since less was owed by then." in history


def test_nobody_sends_the_link_of_what_is_settled_otherwise(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("100.00", contact=make_contact("Acme", email="acme@example.com"))
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)

    answer = client.post(f"/charges/{made.pk}/message/", {"request_key": key()}, follow=True)

    assert f"{made} does not wait for the customer any more." in text_of(answer)
    assert mail.outbox == []
    assert not Event.objects.filter(name="charge.link_sent").exists()


def test_money_needing_a_decision_says_that_it_is_being_called_off(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)
    gateway.fail("cancel", OutcomeUnknown)
    the_janitor_takes_a_turn()

    assert Charge.objects.get().state == "requires_action"
    assert "Being called off" in text_of(client.get("/decisions/"))
