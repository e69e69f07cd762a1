"""Adding an order and changing the items of one, with and without JavaScript."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.catalog.models import Product
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.orders.models import Order, OrderItem
from duebook.partners.models import Referral
from tests.factories import day, line, make_contact, make_invoice, make_partner, make_payment
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def rows(*typed: dict[str, str]) -> dict[str, str]:
    """Lines as a browser sends them; a row that says nothing is a spare one."""
    sent = {"lines-TOTAL_FORMS": str(len(typed)), "lines-INITIAL_FORMS": "0"}
    for number, row in enumerate(typed):
        for name, value in {"kind": "product", "quantity": "1", **row}.items():
            sent[f"lines-{number}-{name}"] = value
    return sent


WEBSITE = {"description": "Website", "unit_price": "1,000"}


def add(client: Client, *typed: dict[str, str], **head: Any) -> Any:
    contact = make_contact("Acme")
    address = f"/orders/new/?contact={contact.pk}"
    return client.post(address, {**fields_of(client.get(address)), **head, **rows(*typed)}, follow=True)


def test_an_order_is_placed_with_items_discount_tax_and_shipping(client: Client) -> None:
    sign_in(client, Role.MANAGER)

    answer = add(
        client,
        {**WEBSITE, "quantity": "1.5"},
        {},
        {"description": "Photos", "quantity": "3", "unit_price": "33.333333"},
        {"kind": "discount", "description": "Friends", "unit_price": "50"},
        {"kind": "tax", "unit_price": "155"},
        {"kind": "shipping", "unit_price": "10"},
        title="Website package",
        ordered_on=(day() - timedelta(3)).isoformat(),
    )

    order = Order.objects.get()
    invoice = order.invoice
    assert answer.redirect_chain == [(f"/orders/{order.pk}/", 302)]
    assert (order.title, order.ordered_on, invoice.total_minor) == ("Website package", day(-3), 171500)
    assert invoice.due_on == day(27)
    assert list(order.items.values_list("kind", "description", "quantity", "unit_price", "line_minor")) == [
        ("product", "Website", Decimal("1.5"), Decimal("1000"), 150000),
        ("product", "Photos", Decimal("3"), Decimal("33.333333"), 10000),
        ("discount", "Friends", Decimal("1"), Decimal("50"), -5000),
        ("tax", "Tax", Decimal("1"), Decimal("155"), 15500),
        ("shipping", "Shipping", Decimal("1"), Decimal("10"), 1000),
    ]
    assert f"Order #{order.number} placed with INV-{invoice.number}." in text_of(answer)


def test_a_product_brings_its_name_and_price(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    product = Product.objects.create(name="Hosting", price_minor=2050, currency="USD")

    add(client, {"product": str(product.pk), "quantity": "2"})

    item = OrderItem.objects.get()
    assert (item.product, item.description, item.line_minor) == (product, "Hosting", 4100)
    assert item.order.title == "Hosting"


def test_the_contacts_partners_are_the_default_and_can_be_changed(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    acme = make_contact("Acme")
    dana, sam = make_partner("Dana"), make_partner("Sam", code="SAMM")
    Referral.objects.create(contact=acme, partner=dana, role=Referral.Roles.LEAD, since=day(-9))
    address = f"/orders/new/?contact={acme.pk}"

    sent = {**fields_of(client.get(address)), **rows(WEBSITE)}
    client.post(address, {**sent, "sale_partner": str(sam.pk)})

    order = Order.objects.get()
    assert (order.lead_partner, order.sale_partner) == (dana, sam)
    told = ProcrastinateJob.objects.filter(task_name="notify_partner_of_sale").values_list("args", flat=True)
    assert [args["partner_id"] for args in told.order_by("id")] == [dana.pk, sam.pk]


@pytest.mark.parametrize(
    ("typed", "head", "words"),
    [
        ([], {}, "Add at least one item."),
        ([{}], {}, "Add at least one item."),
        ([{**WEBSITE, "quantity": "0"}], {}, "Enter a quantity above zero."),
        ([{**WEBSITE, "quantity": "many"}], {}, "Enter a number in figures"),
        ([{**WEBSITE, "quantity": "1.00001"}], {}, "At most 4 decimals"),
        ([{**WEBSITE, "unit_price": "-5"}], {}, "A price is zero or more."),
        ([{**WEBSITE, "unit_price": "0.0000001"}], {}, "At most 6 decimals"),
        ([{"description": "Website"}], {}, "Enter a price."),
        ([{"unit_price": "5"}], {}, "Say what this item is, or choose a product."),
        (
            [{**WEBSITE, "unit_price": "999,999,999", "quantity": "99999999"}],
            {},
            "larger than Duebook can keep",
        ),
        ([WEBSITE, {"kind": "discount", "unit_price": "1,001"}], {}, "The order's total would be -1.00."),
        ([WEBSITE], {"ordered_on": ""}, "This field is required."),
        ([WEBSITE], {"ordered_on": "2999-01-01"}, "1 Jan 2999 is in the future."),
        ([WEBSITE], {"due_on": "2020-01-01"}, "cannot be due before that day."),
        ([WEBSITE], {"currency": "XYZ"}, "Enter the three letters of a currency"),
        ([WEBSITE], {"lead_partner": "77"}, "Select a valid choice."),
        ([{**WEBSITE, "product": "77"}], {}, "Select a valid choice."),
    ],
)
def test_a_refused_order_comes_back_with_everything_typed(
    client: Client, typed: list[dict[str, str]], head: dict[str, str], words: str
) -> None:
    sign_in(client, Role.MANAGER)

    answer = add(client, *typed, title="Kept", **head)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="Kept"' in answer.content.decode()
    assert not Order.objects.exists()
    assert not Event.objects.exists()


def test_a_refused_line_says_so_beside_its_own_field(client: Client) -> None:
    sign_in(client, Role.MANAGER)

    answer = add(client, {}, WEBSITE, {}, {**WEBSITE, "quantity": "-1"})

    assert answer.context["lines"].forms[3].errors == {"quantity": ["Enter a quantity above zero."]}
    assert answer.context["lines"].forms[1].errors == {}


def test_an_order_sent_twice_is_placed_once(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    address = f"/orders/new/?contact={make_contact().pk}"
    sent = {**fields_of(client.get(address)), **rows(WEBSITE)}

    first, second = (client.post(address, sent) for _ in range(2))

    assert Order.objects.count() == 1
    assert first["Location"] == second["Location"]


@pytest.mark.parametrize("total_forms", ["", "x", "-1", "100000"])
def test_a_damaged_number_of_rows_places_nothing(client: Client, total_forms: str) -> None:
    sign_in(client, Role.MANAGER)
    address = f"/orders/new/?contact={make_contact().pk}"
    sent = {**fields_of(client.get(address)), **rows({}), "lines-TOTAL_FORMS": total_forms}

    saved = client.post(address, sent)
    more = client.post(address, {**sent, "add_rows": "1"})

    assert saved.status_code == 422
    assert more.status_code in (200, 422)
    assert not Order.objects.exists()


def test_more_rows_and_the_totals_come_without_javascript_and_save_nothing(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    address = f"/orders/new/?contact={make_contact().pk}"
    sent = {**fields_of(client.get(address)), **rows({**WEBSITE, "quantity": "2"}, {}), "title": "Kept"}

    more = client.post(address, {**sent, "add_rows": "1"})
    totals = client.post(address, {**sent, "update_totals": "1"})

    assert len(more.context["lines"].forms) == 5
    assert 'value="Kept"' in more.content.decode()
    assert "Total $2,000.00" in text_of(totals)
    assert not Order.objects.exists()


def test_the_preview_is_a_fragment_with_each_line(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    address = f"/orders/new/?contact={make_contact().pk}"
    sent = {**fields_of(client.get(address)), **rows({**WEBSITE, "quantity": "2"})}

    answer = client.post(address, sent, headers={"HX-Request": "true"})
    refused = client.post(
        address, {**sent, **rows({**WEBSITE, "quantity": "0"})}, headers={"HX-Request": "true"}
    )

    assert "<html" not in answer.content.decode()
    assert "Total $2,000.00 Website 2,000.00" in text_of(answer)
    assert "Enter a quantity above zero." in text_of(refused)
    assert not Order.objects.exists()


def test_the_contact_of_a_new_order_is_searched_first(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    acme = make_contact("Acme")

    page = client.get("/orders/new/?q=acm")
    fragment = client.get("/orders/new/?q=acm", headers={"HX-Request": "true"})

    assert f'href="/orders/new/?contact={acme.pk}"' in page.content.decode()
    assert "<html" not in fragment.content.decode()
    assert client.get("/orders/new/?contact=0").status_code == 404


def change(client: Client, invoice: Invoice, *typed: dict[str, str], **options: Any) -> Any:
    address = f"/orders/{invoice.order_id}/items/"
    return client.post(address, {**fields_of(client.get(address)), **rows(*typed)}, follow=True, **options)


def test_items_are_changed_and_the_page_shows_them_first(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice(lines=[line("33.333333", quantity="3", description="Photos")])

    shown = client.get(f"/orders/{invoice.order_id}/items/").content.decode()
    answer = change(client, invoice, {"description": "Photos", "quantity": "2", "unit_price": "40"})

    assert 'value="33.333333"' in shown
    assert 'value="3"' in shown
    invoice.refresh_from_db()
    assert invoice.total_minor == 8000
    assert "Items changed." in text_of(answer)
    assert "Items changed: total 100.00 → 80.00." in text_of(answer)


def test_the_preview_of_a_change_shows_before_and_after(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00")
    make_payment("40.00", invoice=invoice)

    answer = change(client, invoice, {**WEBSITE, "unit_price": "75"}, headers={"HX-Request": "true"})

    said = text_of(answer)
    assert "Total now 100.00" in said
    assert "after 75.00" in said
    assert "Balance due after 35.00" in said
    invoice.refresh_from_db()
    assert invoice.total_minor == 10000


def test_items_never_come_to_less_than_is_applied(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00")
    make_payment("40.00", invoice=invoice)

    answer = change(client, invoice, {**WEBSITE, "unit_price": "39"})

    assert answer.status_code == 422
    assert "40.00 has been applied already; the new total would be 39.00." in text_of(answer)
    assert 'value="39"' in answer.content.decode()
    invoice.refresh_from_db()
    assert invoice.total_minor == 10000


@pytest.mark.parametrize("products", [1, 12])
def test_the_form_costs_the_same_whatever_the_catalogue_holds(
    client: Client, products: int, django_assert_num_queries: Any
) -> None:
    sign_in(client, Role.MANAGER)
    acme = make_contact()
    for number in range(products):
        Product.objects.create(name=f"Product {number}", currency="USD")

    with django_assert_num_queries(8):
        client.get(f"/orders/new/?contact={acme.pk}")
