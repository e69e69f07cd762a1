"""Choosing the payments of which money goes back, and refunding them one after the other."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment, Refund
from tests.factories import day, make_contact, make_invoice, make_payment, make_refund
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def three_payments() -> tuple[Payment, Payment, Payment]:
    """Of one contact, the newest last; two of them are applied to one invoice."""
    acme = make_contact("Acme")
    invoice = make_invoice("100.00", contact=acme, ordered_on=day(-20))
    first = make_payment("60.00", invoice=invoice, received_on=day(-10))
    second = make_payment("40.00", invoice=invoice, received_on=day(-9))
    other = make_invoice("100.00", contact=acme, ordered_on=day(-20))
    return first, second, make_payment("25.00", invoice=other, received_on=day(-8))


def address(payment: Payment) -> str:
    return f"/contacts/{payment.contact_id}/refunds/new/"


def test_it_offers_what_can_go_back_the_newest_first(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, second, third = three_payments()
    make_refund(second, "40.00")
    make_refund(third, "5.00")

    page = client.get(address(first))

    choices = page.context["form"].choices
    assert [(one.payment.pk, one.left.minor) for one in choices] == [
        (third.pk, 2000),
        (first.pk, 6000),
    ]
    invoice = Invoice.objects.get(pk=first.allocations.get().invoice_id)
    assert f"Check {invoice} 60.00" in text_of(page)


def test_an_invoice_in_the_address_offers_only_what_is_applied_to_it(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, second, _third = three_payments()
    invoice_id = first.allocations.get().invoice_id

    page = client.get(f"{address(first)}?invoice={invoice_id}")

    assert [one.payment.pk for one in page.context["form"].choices] == [second.pk, first.pk]


def test_each_chosen_payment_is_refunded_on_its_own_page_in_turn(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, _second, third = three_payments()

    chosen = client.post(address(first), {f"amount_{first.pk}": "30", f"amount_{third.pk}": "25.00"})
    page = client.get(chosen["Location"])
    assert "Payment 1 of 2 that you chose." in text_of(page)
    assert page.context["form"]["amount"].value() == "25.00"
    done = client.post(chosen["Location"], fields_of(page, reason="Goods came back"))
    page = client.get(done["Location"])
    assert "Payment 2 of 2 that you chose." in text_of(page)
    assert page.context["form"]["amount"].value() == "30.00"
    last = client.post(done["Location"], fields_of(page, reason="Goods came back"))

    assert last["Location"] == f"/contacts/{first.contact_id}/payments/"
    refunds = Refund.objects.order_by("id").values_list("payment_id", "amount_minor")
    assert list(refunds) == [(third.pk, 2500), (first.pk, 3000)]


def test_one_of_them_can_be_left_out(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, _second, third = three_payments()
    chosen = client.post(address(first), {f"amount_{first.pk}": "30", f"amount_{third.pk}": "25"})

    left_out = client.get(client.get(chosen["Location"]).context["turns"].next_url)

    assert left_out.context["payment"] == first
    assert not Refund.objects.exists()


def test_an_amount_above_what_is_left_is_refused_beside_its_field(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, *_rest = three_payments()
    before = everything()

    page = client.post(address(first), {f"amount_{first.pk}": "60.01"})

    assert page.status_code == 422
    assert page.context["form"].errors == {f"amount_{first.pk}": ["At most 60.00 can go back."]}
    assert page.context["form"][f"amount_{first.pk}"].value() == "60.01"
    assert everything() == before


@pytest.mark.parametrize("typed", ["", "0"])
def test_nothing_chosen_says_what_to_do(client: Client, typed: str) -> None:
    sign_in(client, Role.MANAGER)
    first, *_rest = three_payments()

    page = client.post(address(first), {f"amount_{first.pk}": typed})

    assert page.status_code == 422
    assert "Enter how much goes back of at least one payment." in text_of(page)


def test_an_address_that_somebody_changed_is_read_as_far_as_it_makes_sense(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, *_rest = three_payments()

    page = client.get(f"/payments/{first.pk}/refunds/?amount=x&of=-3&then=1:2:3,x,{'9' * 30}:1")

    assert page.status_code == 200
    assert page.context["form"]["amount"].value() == "60.00"
    assert page.context["turns"].following == ()


def test_without_a_payment_that_can_go_back_it_says_so(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    acme = make_contact("Acme")

    page = client.get(f"/contacts/{acme.pk}/refunds/new/")

    assert "There is no payment of which money can go back." in text_of(page)


def test_a_clerk_may_not(client: Client) -> None:
    sign_in(client, Role.CLERK)
    first, *_rest = three_payments()

    assert client.get(address(first)).status_code == 403


def test_the_number_of_queries_does_not_grow(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    first, *_rest = three_payments()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(address(first))
        counts.append(len(queries))
        for _number in range(5):
            make_payment("1.00", contact=first.contact)

    assert counts[0] == counts[1]
