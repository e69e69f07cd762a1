"""The dashboard: what it says, where each figure leads, and what it costs."""

from typing import Any

import pytest
from django.test import Client

from duebook.domain.permissions import Role
from duebook.reports.models import Snapshot
from duebook.reports.services.take_snapshot import take_snapshot
from duebook.reports.snapshots import CHEAP_MS
from duebook.staff.models import Business
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.web.pages import sign_in, text_of
from tests.web.test_decisions import make_message

pytestmark = pytest.mark.django_db


def a_business_with_history() -> None:
    acme, beta = make_contact("Acme"), make_contact("Beta")
    old = make_invoice("1000.00", contact=acme, ordered_on=day(-120), due_on=day(-71))
    make_payment("400.00", invoice=old, received_on=day(-40))
    make_payment("120.00", invoice=old, received_on=day(-3), reference="4471")
    make_payment("25.00", contact=acme, received_on=day(-2), type_label="Cash")
    make_invoice("200.00", contact=beta)


def test_the_figures_and_what_they_say(client: Client) -> None:
    sign_in(client, Role.CLERK)
    a_business_with_history()

    said = text_of(client.get("/"))

    assert "Owed to you 680.00 in 2 invoices" in said
    assert "Overdue 480.00 1 invoice, oldest 71 days" in said
    assert "Received, last 30 days 145.00 down 64 % on the 30 before" in said
    assert "Credit on account 25.00 of 1 contact" in said
    assert "Not due 200.00" in said
    assert "61–90 days 480.00" in said
    assert "1 contact with credit on account and open invoices 25.00" in said
    assert "1 invoice more than 60 days late 480.00" in said
    assert "Checks and cash not yet deposited 545.00" in said
    assert "Acme Cash · on account 25.00" in said
    assert "Acme Check 4471 · INV-" in said
    assert "figures of" in said


def test_every_figure_leads_to_rows_that_add_up_to_it(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    a_business_with_history()
    context = client.get("/").context

    for card in context["cards"]:
        assert f"{card.minor / 100:,.2f}" in text_of(client.get(card.url)), card.label
    for bar in context["bars"]:
        rows = client.get(bar.url).context["page"].rows
        assert sum(row.balance_minor for row in rows) == bar.minor, bar.label
    for todo in context["todos"]:
        assert f"{todo.minor / 100:,.2f}" in text_of(client.get(todo.url)), todo.text


def test_the_chart_has_a_value_for_each_day_and_type(client: Client) -> None:
    sign_in(client)
    a_business_with_history()

    data = client.get("/").context["chart"].data

    assert len(data["labels"]) == 30
    assert {one["label"]: (one["values"][26], one["values"][27]) for one in data["stacks"]} == {
        "Check": ("120.00", "0.00"),
        "Cash": ("0.00", "25.00"),
    }


def test_an_empty_business_sees_what_to_do_first(client: Client) -> None:
    sign_in(client, Role.OWNER)

    said = text_of(client.get("/"))

    assert "What to do first" in said
    assert "1 Introduce your business" in said
    assert "2 Add a contact" in said
    assert "3 Add a product" in said
    assert "4 Add an order" in said
    assert "duebook import orders FILE" in said


def test_the_first_steps_that_are_done_are_ticked(client: Client) -> None:
    sign_in(client, Role.OWNER)
    Business.objects.update(name="Alder & Finch")
    make_contact()

    answer = client.get("/")

    assert [step.is_done for step in answer.context["steps"]] == [True, True, False, False]


def test_who_may_not_change_settings_is_not_sent_there(client: Client) -> None:
    sign_in(client, Role.CLERK)

    answer = client.get("/")

    assert [step.name for step in answer.context["steps"]] == ["Add a contact"]


def test_nothing_to_do_is_said(client: Client) -> None:
    sign_in(client)
    make_payment("10.00", invoice=make_invoice("10.00"), type_label="Credit Card")

    said = text_of(client.get("/"))

    assert "Needs doing Nothing. All is done." in said
    assert "nothing is late" in said
    assert "nothing in the 30 days before" in said


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (Role.CLERK, "Needs doing 2 decisions about money are waiting"),
        (Role.VIEWER, "Needs doing Nothing. All is done."),
    ],
)
def test_money_that_waits_for_a_decision_is_to_be_done_by_those_who_may(
    client: Client, role: Role, said: str
) -> None:
    sign_in(client, role)
    make_payment("10.00", invoice=make_invoice("10.00"), type_label="Credit Card")
    make_message()
    make_message()

    answer = client.get("/")

    assert said in text_of(answer)
    assert ('<a href="/decisions/"><span class="what">' in answer.content.decode()) == (role is Role.CLERK)


def test_the_button_is_there_for_those_who_may_record_payments(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    make_invoice()

    answer = client.get("/")

    assert "Enter a Payment" not in text_of(answer)


def test_other_currencies_are_named_and_never_added(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_invoice("100.00", contact=acme)
    make_invoice("70.00", contact=acme, currency="EUR")

    answer = client.get("/")

    assert "Owed to you 100.00" in text_of(answer)
    assert "/reports/receivables/?currency=EUR" in answer.content.decode()


def test_the_business_reads_figures_as_its_locale_writes_them(client: Client) -> None:
    Business.objects.update(locale="de_DE", currency="EUR")
    sign_in(client)
    make_invoice("1234.50", currency="EUR")

    assert "1.234,50" in text_of(client.get("/"))


@pytest.mark.parametrize("rows", [1, 60])
def test_the_number_of_queries_does_not_depend_on_the_data(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    acme = make_contact()
    for _ in range(rows):
        make_payment("10.00", invoice=make_invoice("20.00", contact=acme))
    take_snapshot(on=day())

    # session, user, business, snapshot, latest payments
    with django_assert_num_queries(6):
        answer = client.get("/")

    assert answer.status_code == 200


def test_the_time_of_old_figures_is_shown(client: Client) -> None:
    sign_in(client)
    make_invoice("100.00")
    take_snapshot(on=day())
    Snapshot.objects.update(took_ms=CHEAP_MS + 1)
    make_invoice("50.00")

    said = text_of(client.get("/"))

    assert "Owed to you 100.00" in said
    assert f"figures of {Snapshot.objects.get().taken_at:%H:%M}" in said
