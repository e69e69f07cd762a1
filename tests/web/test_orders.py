"""The list of orders, the page of one, printing, void and cancel."""

import re
from typing import Any

import pytest
from django.test import Client

from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Void
from duebook.orders.models import Cancellation
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment
from tests.payments.acts import move, use_credit
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("state", "titles"),
    [
        ("all", ["Open", "Paid", "Wrong", "Late"]),
        ("open", ["Late", "Open"]),
        ("overdue", ["Late"]),
        ("paid", ["Paid"]),
        ("void", ["Wrong"]),
        ("nonsense", ["Open", "Paid", "Wrong", "Late"]),
    ],
)
def test_the_list_shows_a_state_in_its_own_order(client: Client, state: str, titles: list[str]) -> None:
    sign_in(client, Role.VIEWER)
    acme = make_contact()
    make_invoice(contact=acme, title="Late", ordered_on=day(-60))
    wrong = make_invoice(contact=acme, title="Wrong", ordered_on=day(-3))
    void_invoice(invoice_id=wrong.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    make_payment("100.00", invoice=make_invoice(contact=acme, title="Paid", ordered_on=day(-2)))
    make_invoice(contact=acme, title="Open", ordered_on=day(-1))

    answer = client.get(f"/orders/?state={state}")

    assert [invoice.order.title for invoice in answer.context["page"].rows] == titles


def test_the_list_finds_by_contact_and_by_number(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice(contact=make_contact("Acme"), title="Logo")
    make_invoice(contact=make_contact("Other", email="o@example.com"), title="Hosting")

    for text in ("acme", str(invoice), f"#{invoice.order.number}", str(invoice.number)):
        said = text_of(client.get("/orders/", {"q": text}))
        assert "Logo" in said, text
    assert "Hosting" not in text_of(client.get("/orders/?q=acme"))
    assert "No order fits." in text_of(client.get("/orders/?q=nobody"))


def test_an_empty_list_says_what_to_do_next(client: Client) -> None:
    sign_in(client)

    assert "No orders yet. Add the first one, or import those you have." in text_of(client.get("/orders/"))


@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize(
    ("query", "queries"), [("", 5), ("?state=open", 5), ("?state=void", 5), ("?q=acme", 6)]
)
def test_the_list_costs_the_same_whatever_its_length(
    client: Client, rows: int, query: str, queries: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(rows):
        make_invoice(contact=make_contact(f"Acme {number}", email=f"a{number}@example.com"))

    with django_assert_num_queries(queries):
        client.get(f"/orders/{query}")


def test_an_order_shows_items_payments_balance_and_story(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    lines = [
        line("33.333333", quantity="3", description="Photos"),
        line("10", kind=ItemKind.DISCOUNT, description="Friends"),
    ]
    invoice = make_invoice(lines=lines, title="Website")
    part = make_payment("40.00", invoice=invoice, reference="4471")
    undone = make_payment("5.00", invoice=invoice)
    reverse_payment(payment_id=undone.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())

    said = text_of(client.get(f"/orders/{invoice.order_id}/"))

    assert "Photos 3 33.333333 100.00" in said
    assert "Friends discount 1 10.00 -10.00 Total 90.00" in said
    assert f"{part} {day().day} " in said
    assert "Check 4471 40.00" in said
    assert f"{undone} undone" in said
    assert "Balance due $50.00" in said
    assert f"Payment P-{undone.number} of 5.00 undone. Typo" in said
    for button in ("Print", "Change Items", "Add Payment", "Void Invoice", "Cancel Order"):
        assert button in said


def test_applied_credit_is_part_of_the_story(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("30.00", contact=acme)
    invoice = make_invoice("100.00", contact=acme)
    use_credit(invoice, "30.00")

    said = text_of(client.get(f"/orders/{invoice.order_id}/"))

    assert f"30.00 of credit on account applied to INV-{invoice.number}." in said


@pytest.mark.parametrize("rows", [1, 8])
def test_an_order_costs_the_same_whatever_happened_to_it(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    invoice = make_invoice(lines=[line("10.00") for _ in range(rows)])
    for _ in range(rows):
        make_payment("1.00", invoice=invoice)

    with django_assert_num_queries(12):
        client.get(f"/orders/{invoice.order_id}/")


def test_an_invoice_leads_to_its_order(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    assert client.get(f"/invoices/{invoice.pk}/")["Location"] == f"/orders/{invoice.order_id}/"


def test_the_printed_invoice_has_who_what_and_what_is_due(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice("100.00", contact=make_contact("Acme", city="Bonn", line1="Ring 1"))
    make_payment("40.00", invoice=invoice)

    said = text_of(client.get(f"/orders/{invoice.order_id}/print/"))

    assert f"Invoice INV-{invoice.number}" in said
    assert "Acme Ring 1 Bonn" in said
    assert "Paid 40.00 Balance due $60.00" in said


def test_an_invoice_is_made_void_with_a_reason(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice()
    address = f"/invoices/{invoice.pk}/void/"

    answer = client.post(address, fields_of(client.get(address), reason="Wrong price"), follow=True)

    assert Void.objects.get().reason == "Wrong price"
    said = text_of(answer)
    assert f"INV-{invoice.number} is void." in said
    assert "Void: Wrong price" in said
    assert "Add Payment" not in said


@pytest.mark.parametrize("place", ["/invoices/{invoice}/void/", "/orders/{order}/cancellation/"])
def test_nothing_is_void_or_cancelled_while_a_payment_is_applied(client: Client, place: str) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00")
    make_payment("40.00", invoice=invoice)
    address = place.format(invoice=invoice.pk, order=invoice.order_id)
    events = Event.objects.count()

    answer = client.post(address, fields_of(client.get(address), reason="No longer wanted"))

    assert answer.status_code == 422
    assert f"40.00 is applied to INV-{invoice.number}." in text_of(answer)
    assert "No longer wanted" in text_of(answer)
    assert not Void.objects.exists()
    assert Event.objects.count() == events


@pytest.mark.parametrize("place", ["/invoices/{invoice}/void/", "/orders/{order}/cancellation/"])
def test_what_is_in_the_way_of_voiding_is_offered_to_be_released_or_undone(
    client: Client, place: str
) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00")
    check = make_payment("40.00", invoice=invoice)
    discount = make_payment("5.00", invoice=invoice, type_label="Adjustment")
    released = make_payment("20.00", invoice=invoice)
    move(released, invoice, None, "20.00")

    page = client.get(place.format(invoice=invoice.pk, order=invoice.order_id)).content.decode()

    assert f"/payments/{check.pk}/invoices/{invoice.pk}/move/" in page
    assert f"/payments/{check.pk}/reversal/" in page
    assert f"/payments/{discount.pk}/reversal/" in page
    assert f"/payments/{discount.pk}/invoices/" not in page
    assert f"/payments/{released.pk}/" not in page


@pytest.mark.parametrize("place", ["/invoices/{invoice}/void/", "/orders/{order}/cancellation/"])
def test_after_releasing_and_undoing_one_is_back_where_it_was_asked_for(client: Client, place: str) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00")
    check = make_payment("40.00", invoice=invoice)
    mistake = make_payment("5.00", invoice=invoice)
    address = place.format(invoice=invoice.pk, order=invoice.order_id)
    links = re.findall(
        r'href="(/payments/[^"]+(?:move|reversal)/[^"]*)"', client.get(address).content.decode()
    )
    release = next(link for link in links if f"/payments/{check.pk}/invoices/" in link)
    undo = next(link for link in links if f"/payments/{mistake.pk}/reversal/" in link)

    page = client.get(release)
    assert f'href="{address}"' in page.content.decode()
    released = client.post(release, fields_of(page))
    between = text_of(client.get(released.url))
    undone = client.post(undo, fields_of(client.get(undo), reason="Twice"))

    assert (released.url, undone.url) == (address, address)
    assert "Moved. The money itself stays where it is." in between
    assert f"5.00 is applied to {invoice}." in between
    assert "is applied to" not in text_of(client.get(address))


@pytest.mark.parametrize("query", ["?void=x", "?void=", "?next=https://elsewhere.example/"])
def test_any_other_way_back_leads_to_the_payment(client: Client, query: str) -> None:
    sign_in(client, Role.MANAGER)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    address = f"/payments/{payment.pk}/reversal/{query}"

    answer = client.post(address, fields_of(client.get(address), reason="Twice"))

    assert answer.url == f"/payments/{payment.pk}/"


def test_an_order_is_cancelled_with_a_reason(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice()
    address = f"/orders/{invoice.order_id}/cancellation/"

    empty = client.post(address, fields_of(client.get(address), reason=" "))
    answer = client.post(address, fields_of(client.get(address), reason="Changed their mind"), follow=True)

    assert empty.status_code == 422
    assert Cancellation.objects.get().reason == "Changed their mind"
    assert "cancelled" in text_of(answer)
