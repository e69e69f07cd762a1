"""The report pages: what they show, how far they drill down, their files, their empty and wrong forms."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from duebook.domain.accounts import SystemAccount
from duebook.domain.permissions import Role
from duebook.payments.models import Payment
from duebook.payments.services.reverse_payment import reverse_payment
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

PAGES = [
    "/reports/",
    "/reports/credit/",
    "/reports/receivables/",
    "/reports/receivables/invoices/",
    "/reports/payments/",
    "/reports/payments/rows/",
    "/reports/card-clearing/",
    "/reports/card-clearing/settlements/",
    "/reports/trial-balance/",
    "/reports/accounts/4/",
    "/reports/journal/",
]
FILES = [
    "/reports/credit.csv",
    "/reports/receivables.csv",
    "/reports/receivables/invoices.csv",
    "/reports/payments.csv",
    "/reports/payments/rows.csv",
    "/reports/trial-balance.csv",
    "/reports/accounts/4.csv",
    "/reports/journal.csv",
    "/reports/journal.hledger",
]
RECEIVABLE = int(SystemAccount.RECEIVABLE)


def table_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_a_viewer_and_has_something_to_say_when_empty(client: Client, page: str) -> None:
    sign_in(client, Role.VIEWER)

    answer = client.get(page)

    assert answer.status_code == 200


@pytest.mark.parametrize("page", [*PAGES, *FILES])
def test_a_stranger_sees_nothing(client: Client, page: str) -> None:
    answer = client.get(page)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("page", FILES)
def test_every_file_is_one_to_take_home_also_when_there_is_nothing_in_it(client: Client, page: str) -> None:
    sign_in(client, Role.VIEWER)

    answer = client.get(page)

    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("as_of=yesterday", "Enter a day, such as"),
        ("as_of=0001-01-01", "greater than or equal to"),
    ],
)
@pytest.mark.parametrize(
    "page", ["/reports/receivables", "/reports/receivables/invoices", "/reports/trial-balance"]
)
def test_a_day_that_is_none_is_said_beside_the_field(
    client: Client, page: str, query: str, message: str
) -> None:
    sign_in(client)

    answer = client.get(f"{page}/?{query}")

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert client.get(f"{page}.csv?{query}").status_code == 404


@pytest.mark.parametrize(
    "page", ["/reports/payments", "/reports/payments/rows", "/reports/accounts/4", "/reports/journal"]
)
def test_a_period_that_ends_before_it_begins_is_said_beside_the_field(client: Client, page: str) -> None:
    sign_in(client)

    answer = client.get(f"{page}/?first=2026-02-01&last=2026-01-01")

    assert answer.status_code == 422
    assert "The last day is before the first." in text_of(answer)
    assert client.get(f"{page}.csv?first=2026-02-01&last=2026-01-01").status_code == 404


@pytest.mark.parametrize(
    "query", ["late=x&contact=y&currency=z&page=q", "contact=99999999999999999999", "page=-1"]
)
def test_what_makes_no_sense_in_an_address_is_left_out(client: Client, query: str) -> None:
    sign_in(client)
    make_invoice("100.00")

    answer = client.get(f"/reports/receivables/invoices/?{query}")

    assert answer.status_code == 200
    assert [row.balance_minor for row in answer.context["page"].rows] == [10000]


def test_aging_goes_from_the_contact_down_to_the_invoice(client: Client) -> None:
    sign_in(client)
    acme = make_contact("Acme")
    late = make_invoice("480.00", contact=acme, ordered_on=day(-60), due_on=day(-11))
    make_invoice("200.00", contact=acme)
    make_invoice("90.00", contact=make_contact("Beta"))

    page = client.get("/reports/receivables/")
    rows = client.get(f"/reports/receivables/invoices/?contact={acme.pk}&late=1-30")

    assert "Owed to you 770.00 Overdue 480.00" in text_of(page)
    assert "Acme 200.00 480.00 – – – 680.00" in text_of(page)
    assert f"/reports/receivables/invoices/?contact={acme.pk}&amp;late=1-30" in page.content.decode()
    assert "Open invoices of Acme" in text_of(rows)
    assert f"INV-{late.number} Website" in text_of(rows)
    assert [row.late for row in rows.context["page"].rows] == [11]


def test_an_earlier_day_keeps_its_day_on_the_way_down(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00", ordered_on=day(-10))
    make_payment("100.00", invoice=invoice, received_on=day(-2))
    then = day(-5).isoformat()

    page = client.get(f"/reports/receivables/?as_of={then}")
    rows = client.get(page.context["bars"][0].url)

    assert "Nobody owed anything on this day." in text_of(client.get("/reports/receivables/"))
    assert [row.balance_minor for row in rows.context["page"].rows] == [10000]
    assert "Add Payment" not in text_of(rows)


def test_payments_of_a_period_keep_money_and_adjustments_apart(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("500.00", ordered_on=day(-20))
    make_payment("100.00", invoice=invoice)
    make_payment("7.00", invoice=invoice, type_label="Write-off")
    undone = make_payment("30.00", invoice=invoice)
    reverse_payment(payment_id=undone.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())
    returned = make_payment("20.00", invoice=invoice)
    bounce(returned)
    make_refund(Payment.objects.earliest("id"), "15.00", owes="15.00")
    today = f"first={day()}&last={day()}"

    page = client.get(f"/reports/payments/?{today}")
    rows = client.get(f"/reports/payments/rows/?{today}&type={payment_type().pk}&what=received")

    assert "Check 2 120.00 20.00 15.00 85.00 30.00" in text_of(page)
    assert "Adjustments No money came in." in text_of(page)
    assert "Write-off 1 7.00 –" in text_of(page)
    (section,) = page.context["sections"]
    assert (section.received_minor, section.returned_minor, section.refunded_minor) == (12000, 2000, 1500)
    assert section.kept_minor == 8500
    assert sum(row.signed_minor for row in rows.context["page"].rows) == 12000
    assert "undone" in text_of(rows)


@pytest.mark.parametrize(("days", "labels"), [(30, 30), (92, 92), (400, 2)])
def test_a_long_period_has_bars_by_month(client: Client, days: int, labels: int) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("10.00", contact=acme, received_on=day(-1))
    make_payment("10.00", contact=acme, received_on=day(-1).replace(day=1) - (day() - day(-1)))

    page = client.get(f"/reports/payments/?first={day(1 - days)}&last={day()}")

    (section,) = page.context["sections"]
    assert len(section.chart.labels) == labels


def test_the_trial_balance_adds_up_and_opens_its_accounts(client: Client) -> None:
    sign_in(client)
    make_payment("40.00", invoice=make_invoice("100.00"))

    page = client.get("/reports/trial-balance/")
    account = client.get(f"/reports/accounts/{RECEIVABLE}/?first={day()}&last={day()}")

    assert "1100 Receivable 60.00" in text_of(page)
    assert "Total 100.00 100.00" in text_of(page)
    assert f"/reports/accounts/{RECEIVABLE}/?currency=USD" in page.content.decode()
    assert "Before 0.00 Debits 100.00 Credits 40.00 Balance 60.00" in text_of(account)
    assert "Invoice issued INV-" in text_of(account)


def test_income_is_shown_as_a_positive_balance(client: Client) -> None:
    sign_in(client)
    make_invoice("100.00")

    account = client.get(f"/reports/accounts/{int(SystemAccount.SALES)}/")

    assert "Credits 100.00 Balance 100.00" in text_of(account)


def test_long_lists_have_pages(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    for number in range(52):
        make_invoice(f"{number + 1}.00", contact=acme)

    first = client.get("/reports/receivables/invoices/")
    second = client.get("/reports/receivables/invoices/?page=2")

    assert (len(first.context["page"].rows), first.context["page"].following) == (50, 2)
    assert "?page=2" in first.content.decode()
    assert (len(second.context["page"].rows), second.context["page"].previous) == (2, 1)
    assert second.context["page"].following is None
    assert len(table_of(client.get("/reports/receivables/invoices.csv"))) == 53


def test_files_say_what_the_pages_say_and_run_nothing(client: Client) -> None:
    sign_in(client)
    evil = make_contact("=1+1", email="e@example.com")
    invoice = make_invoice("1234.50", contact=evil, title="@SUM(A1)")
    make_payment("34.50", contact=evil, reference="+49")
    today = f"first={day()}&last={day()}"

    assert table_of(client.get("/reports/receivables.csv"))[1] == [
        "'=1+1",
        "1234.50",
        "0.00",
        "0.00",
        "0.00",
        "0.00",
        "1234.50",
        "USD",
    ]
    assert table_of(client.get("/reports/receivables/invoices.csv"))[1] == [
        f"INV-{invoice.number}",
        "'@SUM(A1)",
        "'=1+1",
        day().isoformat(),
        day(30).isoformat(),
        "0",
        "1234.50",
        "USD",
    ]
    assert table_of(client.get(f"/reports/payments/rows.csv?{today}"))[1][3:] == [
        "'=1+1",
        "Check",
        "'+49",
        "34.50",
        "USD",
    ]
    assert table_of(client.get(f"/reports/payments.csv?{today}"))[1] == [
        "Check",
        "yes",
        "1",
        "34.50",
        "0.00",
        "0.00",
        "0.00",
        "34.50",
        "USD",
    ]
    assert table_of(client.get("/reports/credit.csv"))[1] == ["'=1+1", "USD", "34.50", "1234.50"]
    assert table_of(client.get("/reports/trial-balance.csv"))[2] == [
        "1100",
        "Receivable",
        "asset",
        "1234.50",
        "0.00",
        "USD",
    ]
    assert table_of(client.get(f"/reports/accounts/{RECEIVABLE}.csv?{today}"))[1] == [
        day().isoformat(),
        "Invoice issued",
        "'=1+1",
        f"INV-{invoice.number}",
        "",
        "4000 Sales",
        "1234.50",
        "0.00",
        "1234.50",
        "USD",
    ]
    journal = table_of(client.get(f"/reports/journal.csv?{today}"))
    assert [row[2:8] for row in journal[1:]] == [
        ["Invoice issued", "1100 Receivable", "4000 Sales", "1234.50", "USD", "'=1+1"],
        ["Payment received", "1010 Undeposited funds", "2000 Customer credit", "34.50", "USD", "'=1+1"],
    ]


def test_the_journal_for_hledger_is_a_file(client: Client) -> None:
    sign_in(client)
    make_invoice("100.00")

    answer = client.get("/reports/journal.hledger")

    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert f"{day()} * Acme | invoice issued" in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("rows", [2, 30])
def test_the_number_of_queries_does_not_depend_on_the_data(
    client: Client, page: str, rows: int, django_assert_max_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(rows):
        contact = make_contact(f"Contact {number}", email=f"c{number}@example.com")
        make_payment("10.00", invoice=make_invoice("20.00", contact=contact))
        make_payment("5.00", contact=contact)

    with django_assert_max_num_queries(10):
        client.get(page)
