"""The list of payments: its filters, what they come to, and its pages."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.payments import listing
from duebook.payments.models import Payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.web import paging
from tests.factories import (
    SYSTEM,
    day,
    key,
    make_contact,
    make_invoice,
    make_payment,
    make_refund,
    payment_type,
)
from tests.payments.acts import bounce
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db
URL = "/payments/"


def shown(page: Any) -> list[Payment]:
    return list(page.context["page"].rows)


@pytest.fixture
def five() -> dict[str, Payment]:
    """A check, cash, a write-off, one undone and one returned."""
    acme, okafor = make_contact(), make_contact("Okafor & Sons")
    payments = {
        "check": make_payment("40.00", invoice=make_invoice(contact=acme), received_on=day(-1)),
        "cash": make_payment("25.00", contact=okafor, type_label="Cash", received_on=day(-2)),
        "write_off": make_payment("10.00", invoice=make_invoice(contact=acme), type_label="Write-off"),
        "undone": make_payment("99.00", invoice=make_invoice(contact=okafor), received_on=day(-3)),
        "returned": make_payment("70.00", invoice=make_invoice(contact=okafor), received_on=day(-4)),
    }
    reverse_payment(
        payment_id=payments["undone"].pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day()
    )
    bounce(payments["returned"])
    return payments


def test_all_payments_the_newest_first(client: Client, five: dict[str, Payment]) -> None:
    sign_in(client, Role.VIEWER)

    page = client.get(URL)

    names = ["write_off", "check", "cash", "undone", "returned"]
    assert shown(page) == [five[name] for name in names]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"state": "applied"}, ["write_off", "check"]),
        ({"state": "credit"}, ["cash"]),
        ({"state": "undone"}, ["undone"]),
        ({"state": "returned"}, ["returned"]),
        ({"q": "okafor"}, ["cash", "undone", "returned"]),
        ({"q": "nobody at all"}, []),
        ({"amount": "40"}, ["check"]),
        ({"amount": "40.00", "state": "credit"}, []),
        ({"state": "made up"}, ["write_off", "check", "cash", "undone", "returned"]),
        ({"before": '["x", "y"]'}, ["write_off", "check", "cash", "undone", "returned"]),
    ],
)
def test_a_filter_narrows_the_list(
    client: Client, five: dict[str, Payment], asked: dict[str, str], names: list[str]
) -> None:
    sign_in(client)

    assert shown(client.get(URL, asked)) == [five[name] for name in names]


def test_dates_narrow_the_list(client: Client, five: dict[str, Payment]) -> None:
    sign_in(client)

    page = client.get(URL, {"since": day(-3).isoformat(), "until": day(-2).isoformat()})

    assert shown(page) == [five["cash"], five["undone"]]


def test_a_type_and_a_contact_narrow_the_list(client: Client, five: dict[str, Payment]) -> None:
    sign_in(client)

    by_type = client.get(URL, {"type": payment_type("Cash").pk})
    by_contact = client.get(URL, {"contact": five["check"].contact_id})

    assert shown(by_type) == [five["cash"]]
    assert shown(by_contact) == [five["write_off"], five["check"]]
    assert "Payments of all contacts" in by_contact.content.decode()


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"amount": "abc"}, "amount"), ({"since": "31/31"}, "since"), ({"type": "99"}, "type")],
)
def test_a_filter_that_makes_no_sense_is_said_and_left_out(
    client: Client, five: dict[str, Payment], asked: dict[str, str], field: str
) -> None:
    sign_in(client)

    page = client.get(URL, asked)

    assert page.status_code == 422
    assert page.context["form"].errors[field]
    assert len(shown(page)) == len(five)


def test_money_and_adjustments_are_summed_apart(client: Client, five: dict[str, Payment]) -> None:
    sign_in(client)

    text = text_of(client.get(URL))

    assert len(five) == 5
    assert "Payments 5 Received $135.00" in text
    assert "of it returned by the bank 70.00" in text
    assert "Adjustments, no money 10.00" in text
    assert "Undone, not counted 99.00" in text


def test_a_refunded_payment_is_found_by_its_state_and_marked(client: Client) -> None:
    sign_in(client)
    part = make_payment("40.00", invoice=make_invoice())
    whole = make_payment("30.00", invoice=make_invoice(contact=make_contact("Other")))
    make_refund(part, "15.00", owes="15.00")
    make_refund(whole, "30.00", owes="30.00")

    page = client.get(URL, {"state": "refunded"})

    text = text_of(page)
    assert shown(page) == [whole, part]
    assert f"{whole} refunded" in text
    assert f"{part} refunded in part" in text
    assert "of it refunded 45.00" in text
    assert shown(client.get(URL, {"state": "applied"})) == [part]


def test_each_currency_has_its_own_sums(client: Client) -> None:
    sign_in(client)
    make_payment("40.00", invoice=make_invoice())
    make_payment("30.00", invoice=make_invoice(contact=make_contact("Other"), currency="EUR"))

    text = text_of(client.get(URL))

    assert "Received €30.00" in text
    assert "Received $40.00" in text


def test_too_many_to_sum_are_not_summed_rather_than_wrongly(
    client: Client, five: dict[str, Payment], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    monkeypatch.setattr(listing, "MOST_SUMMED", 4)

    text = text_of(client.get(URL))

    assert len(five) == 5
    assert "Received" not in text
    assert "Narrow them down to see what they come to." in text


def test_an_empty_list_says_what_to_do(client: Client) -> None:
    sign_in(client)

    nothing = client.get(URL)
    nothing_like_that = client.get(URL, {"q": "acme"})

    assert "No payments yet. When money comes in, enter it here." in text_of(nothing)
    assert "No payment is like that." in text_of(nothing_like_that)


def test_pages_go_on_and_back_by_the_last_row(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(paging.page_of.__kwdefaults__, "size", 2)
    sign_in(client)
    invoice = make_invoice("100.00")
    payments = [make_payment(f"{i}.00", invoice=invoice) for i in range(1, 6)]

    first = client.get(URL)
    second = client.get(URL, {"before": first.context["page"].older})
    back = client.get(URL, {"after": second.context["page"].newer})

    assert shown(first) == payments[:-3:-1]
    assert shown(second) == [payments[2], payments[1]]
    assert shown(back) == shown(first)


def test_the_number_of_queries_does_not_grow_with_the_rows(client: Client) -> None:
    sign_in(client)
    counts = []
    for i in range(2):
        for j in range(5):
            make_payment("1.00", invoice=make_invoice(contact=make_contact(f"Contact {i} {j}")))
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 9
