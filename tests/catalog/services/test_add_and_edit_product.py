"""A product has a name, a price that is not negative, and a SKU of its own."""

from typing import Any

import pytest

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.catalog.services.add_product import add_product
from duebook.catalog.services.edit_product import edit_product
from duebook.domain import errors
from duebook.domain.money import Money
from duebook.domain.permissions import Role
from duebook.events.models import Event
from tests.factories import actor, key, usd

pytestmark = pytest.mark.django_db


def details(**fields: Any) -> ProductDetails:
    return ProductDetails(**{"name": "Hosting", "price": usd("20.00"), "sku": "H1", **fields})


def add(**fields: Any) -> Product:
    return add_product(details=details(**fields), request_key=key(), actor=actor())


def test_a_product_is_added_once_by_one_request() -> None:
    for _ in range(2):
        product = add_product(details=details(), request_key="k", actor=actor())

    assert (product.name, product.price_minor, product.currency, product.sku) == (
        "Hosting",
        2000,
        "USD",
        "H1",
    )
    assert Product.objects.count() == 1
    assert Event.objects.get().payload["price_minor"] == 2000


def test_products_without_a_sku_do_not_collide() -> None:
    add(sku="")
    add(sku=" ")

    assert list(Product.objects.values_list("sku", flat=True)) == [None, None]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " "}, errors.NameRequired),
        ({"price": Money(-1, "USD")}, errors.PriceNegative),
        ({"sku": "TAKEN"}, errors.SkuTaken),
    ],
)
def test_a_refused_product_leaves_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    add(sku="TAKEN")
    other = add(sku="OTHER")
    events = Event.objects.count()

    with pytest.raises(error):
        add(**fields)
    with pytest.raises(error):
        edit_product(product_id=other.pk, details=details(**fields), request_key=key(), actor=actor())

    assert Product.objects.count() == 2
    assert Event.objects.count() == events


def test_a_clerk_may_not_edit_products() -> None:
    product = add()

    with pytest.raises(errors.Forbidden):
        edit_product(
            product_id=product.pk, details=details(name="X"), request_key=key(), actor=actor(Role.CLERK)
        )

    product.refresh_from_db()
    assert product.name == "Hosting"


def test_editing_keeps_what_was_before_in_the_event() -> None:
    product = add()

    edit_product(
        product_id=product.pk,
        details=details(price=usd("25.00"), active=False),
        request_key=key(),
        actor=actor(),
    )

    product.refresh_from_db()
    assert (product.price_minor, product.active) == (2500, False)
    event = Event.objects.get(name="product.edited")
    assert event.payload["before"] == {"price_minor": 2000, "active": True}


def test_a_product_that_does_not_exist_is_not_edited() -> None:
    with pytest.raises(errors.NotFound):
        edit_product(product_id=1, details=details(), request_key=key(), actor=actor())
