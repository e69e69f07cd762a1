"""The same form sent twice at the same moment acts once and leads to the same place."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from duebook.catalog.models import Product
from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.orders.models import Order
from duebook.staff.models import User
from tests.factories import make_contact, make_user
from tests.web.pages import fields_of
from tests.web.test_order_items import WEBSITE, rows

pytestmark = pytest.mark.django_db(transaction=True)


def post_at_once(user: User, address: str, forms: list[dict[str, Any]]) -> list[Any]:
    def post(sent: dict[str, Any]) -> Any:
        client = Client()
        client.force_login(user)
        try:
            return client.post(address, sent)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(post, forms))


def open_form(user: User, address: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


@pytest.mark.parametrize("times", [2, 6])
def test_a_contact_is_added_once(times: int) -> None:
    carl = make_user(role=Role.CLERK)
    sent = fields_of(open_form(carl, "/contacts/new/"), company="Acme")

    answers = post_at_once(carl, "/contacts/new/", [sent] * times)

    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1
    assert Contact.objects.count() == 1
    assert Event.objects.filter(name="contact.added").count() == 1


def test_an_order_is_placed_once() -> None:
    mia = make_user(role=Role.MANAGER)
    address = f"/orders/new/?contact={make_contact().pk}"
    sent = {**fields_of(open_form(mia, address)), **rows(WEBSITE)}

    answers = post_at_once(mia, address, [sent] * 4)

    assert {answer.status_code for answer in answers} == {302}
    assert Order.objects.count() == 1


def test_of_two_products_with_one_sku_the_second_is_told() -> None:
    mia = make_user(role=Role.MANAGER)
    forms = [
        fields_of(open_form(mia, "/products/new/"), name=name, price="1", sku="SAME") for name in ("A", "B")
    ]

    answers = post_at_once(mia, "/products/new/", forms)

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert Product.objects.count() == 1
