"""The pages of products."""

from typing import Any

import pytest
from django.test import Client

from duebook.catalog.models import Product
from duebook.domain.permissions import Role
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def make_product(name: str = "Hosting", **fields: Any) -> Product:
    return Product.objects.create(**{"name": name, "price_minor": 2000, "currency": "USD", **fields})


def test_a_product_is_added_and_listed(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    form = client.get("/products/new/")

    answer = client.post(
        "/products/new/", fields_of(form, name="Hosting", price="1,200", sku="H1"), follow=True
    )

    product = Product.objects.get()
    assert (product.price_minor, product.taxable, product.active) == (120000, True, True)
    assert "Hosting added." in text_of(answer)
    assert "Hosting H1 taxable 1,200.00" in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"price": "free"}, 422, "Enter an amount in figures"),
        ({"price": "1.005"}, 422, "This currency has 2 decimals."),
        ({"price": "-1"}, 422, "A price is zero or more."),
        ({"name": ""}, 422, "This field is required."),
        ({"sku": "TAKEN"}, 409, "TAKEN is the SKU of Other already."),
    ],
)
def test_a_refused_product_comes_back_with_what_was_typed(
    client: Client, typed: dict[str, str], status: int, words: str
) -> None:
    sign_in(client, Role.MANAGER)
    make_product("Other", sku="TAKEN")
    sent = fields_of(client.get("/products/new/"), name="Hosting", price="20", description="Kept")

    answer = client.post("/products/new/", {**sent, **typed})

    assert answer.status_code == status
    assert words in text_of(answer)
    assert "Kept" in text_of(answer)
    assert Product.objects.count() == 1


def test_a_product_is_edited_in_its_own_currency(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    product = make_product(currency="JPY", price_minor=500)
    address = f"/products/{product.pk}/edit/"
    form = client.get(address)
    sent = fields_of(form, price="750")
    del sent["active"]

    answer = client.post(address, sent, follow=True)

    product.refresh_from_db()
    assert (product.price_minor, product.currency, product.active) == (750, "JPY", False)
    assert "Hosting inactive" in text_of(answer)


def test_a_product_is_found_by_name_or_sku(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    make_product("Hosting", sku="H-1")
    make_product("Logo")

    assert "Hosting" in text_of(client.get("/products/?q=h-1"))
    assert "Logo" not in text_of(client.get("/products/?q=h-1"))
    assert "No product found for “x”." in text_of(client.get("/products/?q=x"))


@pytest.mark.parametrize("rows", [1, 12])
def test_the_list_costs_the_same_whatever_its_length(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(rows):
        make_product(f"Product {number}")

    with django_assert_num_queries(5):
        client.get("/products/")
