"""The dashboard's figures: counted exactly, kept in a snapshot, taken again when they have to be."""

from datetime import timedelta

import pytest
from django.utils import timezone

from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.dashboard_figures import CurrencyFigures, DashboardFigures, Series
from duebook.reports.models import Snapshot
from duebook.reports.queries.dashboard import count_figures
from duebook.reports.services.take_snapshot import take_snapshot
from duebook.reports.snapshots import CHEAP_MS, dashboard_figures, refresh_snapshot
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment, payment_type
from tests.payments.acts import bounce

pytestmark = pytest.mark.django_db


def owed() -> int:
    return dashboard_figures(on=day()).figures.of("USD").owed_minor


def series(label: str, **days_ago: int) -> Series:
    days = [0] * 30
    for name, minor in days_ago.items():
        days[29 - int(name.removeprefix("ago_"))] = minor
    return Series(payment_type(label).pk, label, tuple(days))


def test_every_figure_is_counted_from_the_rows():
    acme, beta = make_contact("Acme"), make_contact("Beta")
    old = make_invoice("100.00", contact=acme, ordered_on=day(-120), due_on=day(-70))
    make_invoice("40.00", contact=beta, ordered_on=day(-20), due_on=day(-1))
    make_invoice("25.00", contact=beta)
    make_payment("30.00", invoice=old, received_on=day(-45))
    make_payment("10.00", invoice=old, received_on=day(-3))
    make_payment("5.00", contact=acme, type_label="Cash", received_on=day(-3))
    make_payment("2.00", contact=make_contact("Owes nothing"), type_label="Credit Card")
    make_payment("7.00", invoice=old, type_label="Write-off")
    undone = make_payment("9.00", invoice=old)
    reverse_payment(payment_id=undone.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())
    returned = make_payment("11.00", invoice=old, received_on=day(-31))
    bounce(returned, returned_on=day(-2))
    make_invoice("8.00", contact=beta, currency="EUR")

    figures = count_figures(day())

    assert figures == DashboardFigures(
        has_contacts=True,
        has_products=False,
        has_orders=True,
        by_currency={
            "EUR": CurrencyFigures(owed_invoices=1, aging=(800, 0, 0, 0, 0)),
            "USD": CurrencyFigures(
                owed_invoices=3,
                aging=(2500, 4000, 0, 5300, 0),
                overdue_invoices=2,
                oldest_days_late=70,
                late_over_60_invoices=1,
                received_minor=1700,
                before_minor=4100,
                returned=1,
                returned_minor=1100,
                series=(
                    series("Credit Card", ago_0=200),
                    series("Check", ago_3=1000),
                    series("Cash", ago_3=500),
                ),
                credit_minor=700,
                credit_contacts=2,
                usable_credit_minor=500,
                usable_credit_contacts=1,
                undeposited_minor=4500,
            ),
        },
    )
    assert figures.of("USD").owed_minor == 11800
    assert figures.of("USD").overdue_minor == 9300
    assert figures.of("USD").late_over_60_minor == 5300
    assert figures.of("GBP") == CurrencyFigures()


def test_figures_survive_the_way_through_the_database():
    make_payment("40.00", invoice=make_invoice("100.00"))

    taken = take_snapshot(on=day())

    assert taken is not None
    assert DashboardFigures.from_json(Snapshot.objects.get().figures) == count_figures(day())


def test_counting_that_is_cheap_is_done_again_after_every_event():
    make_invoice("100.00")
    assert owed() == 10000

    Snapshot.objects.update(took_ms=CHEAP_MS)
    make_invoice("50.00")

    assert owed() == 15000


def test_counting_that_is_costly_is_left_to_the_worker_for_five_minutes():
    make_invoice("100.00")
    take_snapshot(on=day())
    Snapshot.objects.update(took_ms=CHEAP_MS + 1)
    make_invoice("50.00")

    assert owed() == 10000

    Snapshot.objects.update(taken_at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert owed() == 15000


def test_a_snapshot_in_which_nothing_is_missing_is_not_taken_again():
    make_invoice("100.00")
    first = dashboard_figures(on=day())

    again = dashboard_figures(on=day())

    assert again == first


def test_a_new_day_counts_anew():
    make_invoice("100.00", due_on=day())
    take_snapshot(on=day())

    tomorrow = dashboard_figures(on=day(1))

    assert tomorrow.figures.of("USD").overdue_minor == 10000


def test_a_snapshot_of_another_version_is_replaced():
    make_invoice("100.00")
    take_snapshot(on=day())
    Snapshot.objects.update(figures={"something": "else"})

    assert owed() == 10000
    assert "by_currency" in Snapshot.objects.get().figures


def test_the_worker_takes_a_snapshot_when_something_happened_or_it_gets_old():
    make_invoice("100.00")

    assert refresh_snapshot(on=day()) is True
    assert refresh_snapshot(on=day()) is False
    make_invoice("50.00")
    assert refresh_snapshot(on=day()) is True
    Snapshot.objects.update(taken_at=timezone.now() - timedelta(minutes=2, seconds=1))
    assert refresh_snapshot(on=day()) is True
    assert refresh_snapshot(on=day(1)) is True
    assert Snapshot.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 40])
def test_a_fresh_snapshot_costs_one_query(rows: int, django_assert_num_queries):
    acme = make_contact()
    for _ in range(rows):
        make_payment("10.00", invoice=make_invoice("10.00", contact=acme))
    today = day()
    take_snapshot(on=today)

    with django_assert_num_queries(1):
        dashboard_figures(on=today)
