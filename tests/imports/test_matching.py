"""Which contact a customer is and which product an item is; who cannot be told apart is refused."""

import pytest

from duebook.catalog.models import Product
from duebook.imports.services import import_orders as module
from duebook.orders.models import Order, OrderItem
from tests.factories import make_contact
from tests.imports.importing import Importing, reasons

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("row", "external_id"),
    [
        ("7,,", "7"),
        ("7,other@example.com,", "7"),
        (",SEVEN@example.com,", "7"),
        (",,Seven Sisters", "7"),
        (",,Marta Keller", None),
        (',,"Keller, Marta"', None),
        ("8,marta@example.com,", None),
    ],
)
def test_a_customer_is_found_by_id_then_e_mail_then_name(
    importing: Importing, row: str, external_id: str | None
) -> None:
    make_contact("Seven Sisters", email="seven@example.com", external_id="7")
    make_contact("", given_name="Marta", family_name="Keller", email="marta@example.com")

    report = importing("customer_id,customer_email,customer_name,order_date,amount", f"{row},2026-01-05,5")

    assert (report.created, report.contacts) == (1, 0)
    assert Order.objects.get().contact.external_id == external_id


@pytest.mark.parametrize(
    "row", ["8,seven@example.com,", ",,seven sisters", ",,Seven", ",eight@example.com,Seven Sisters"]
)
def test_someone_else_is_added(importing: Importing, row: str) -> None:
    make_contact("Seven Sisters", email="seven@example.com", external_id="7")

    report = importing("customer_id,customer_email,customer_name,order_date,amount", f"{row},2026-01-05,5")

    assert (report.created, report.contacts) == (1, 1)


def test_a_customer_who_may_be_two_contacts_is_refused(importing: Importing) -> None:
    make_contact("One", email="same@example.com")
    make_contact("Two", email="same@example.com")
    make_contact("Twin", email="")
    make_contact("Twin", email="")

    report = importing(
        "customer_email,customer_name,order_date,amount",
        "same@example.com,,2026-01-05,5",
        "same@example.com,Two,2026-01-05,5",
        ",Twin,2026-01-05,5",
    )

    assert reasons(report) == [(2, "customer_email", "several_match"), (4, "customer_name", "several_match")]
    assert Order.objects.get().contact.name == "Two"


def test_a_customer_who_is_new_is_the_same_in_the_next_row_and_the_next_batch(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"A{number},new@example.com,New Person,2026-01-05,5,Card" for number in range(5)]
    header = "order_number,customer_email,customer_name,order_date,amount,item"
    monkeypatch.setattr(module, "ORDERS_OF_A_BATCH", 2)

    report = importing(header, *rows)

    assert (report.created, report.contacts, report.products) == (5, 1, 1)


def test_an_item_is_a_product_by_sku_then_by_name(importing: Importing) -> None:
    by_sku = Product.objects.create(name="Something", sku="LOGO", currency="USD")
    by_name = Product.objects.create(name="Logo design", currency="USD")
    for _ in range(2):
        Product.objects.create(name="Twice", currency="USD")

    report = importing(
        "customer_id,order_date,amount,item",
        "1,2026-01-05,5,LOGO",
        "1,2026-01-05,5,logo DESIGN",
        "1,2026-01-05,5,Twice",
        "1,2026-01-05,7.50,Card",
    )

    products = list(OrderItem.objects.order_by("order_id").values_list("product_id", flat=True))
    card = Product.objects.get(name="Card")
    assert products == [by_sku.pk, by_name.pk, card.pk]
    assert (card.price_minor, card.currency, card.sku) == (750, "USD", None)
    assert reasons(report) == [(4, "item", "several_match")]
