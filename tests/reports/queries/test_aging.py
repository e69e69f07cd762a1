"""Receivables aging: exact for today and for every day before."""

from datetime import date, timedelta

import pytest

from duebook.domain.accounts import SystemAccount
from duebook.ledger.models import Transfer
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.queries.aging import (
    Aged,
    AgingFilter,
    Bucket,
    aging_by_contact,
    aging_invoices,
    aging_totals,
    every_aged_contact,
    every_aged_invoice,
)
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment
from tests.payments.acts import bounce

pytestmark = pytest.mark.django_db


def owed(as_of: date) -> tuple[int, ...]:
    totals = aging_totals(as_of)
    return totals["USD"].buckets if "USD" in totals else (0, 0, 0, 0, 0)


def test_each_invoice_stands_in_the_bucket_of_its_days_late():
    for late, total in [(-5, "1"), (0, "2"), (1, "4"), (30, "8"), (31, "16"), (60, "32"), (61, "64")]:
        make_invoice(f"{total}.00", ordered_on=day(-200), due_on=day(-late))
    for late, total in [(90, "128"), (91, "256"), (199, "512")]:
        make_invoice(f"{total}.00", ordered_on=day(-200), due_on=day(-late))

    totals = aging_totals(day())

    assert totals == {"USD": Aged((300, 1200, 4800, 19200, 76800), 10)}
    assert totals["USD"].total_minor == 102300
    assert totals["USD"].overdue_minor == 102000


@pytest.mark.parametrize(
    ("bucket", "numbers"),
    [
        (Bucket.NOT_DUE, ["due today"]),
        (Bucket.UP_TO_30, ["30 late", "1 late"]),
        (Bucket.UP_TO_60, ["31 late"]),
        (Bucket.UP_TO_90, ["90 late"]),
        (Bucket.OVER_90, ["91 late"]),
    ],
)
def test_a_bucket_opens_its_invoices_longest_due_first(bucket: Bucket, numbers: list[str]):
    make_invoice("5.00", title="due today", ordered_on=day(-200), due_on=day())
    for late in (1, 30, 31, 90, 91):
        make_invoice("5.00", title=f"{late} late", ordered_on=day(-200), due_on=day(-late))
    wanted = AgingFilter(day(), "USD").within(bucket)

    rows = aging_invoices(wanted, limit=10)

    assert [row.title for row in rows] == numbers
    assert list(every_aged_invoice(wanted)) == rows


def test_who_owes_most_comes_first_and_each_currency_stands_alone():
    acme, beta = make_contact("Acme"), make_contact("Beta")
    make_invoice("50.00", contact=acme, ordered_on=day(-60), due_on=day(-40))
    make_invoice("70.00", contact=beta)
    make_invoice("30.00", contact=acme)
    make_invoice("9.00", contact=beta, currency="EUR")

    rows = aging_by_contact(AgingFilter(day(), "USD"), limit=10)

    assert [(row.name, row.aged.buckets, row.aged.invoices) for row in rows] == [
        ("Acme", (3000, 0, 5000, 0, 0), 2),
        ("Beta", (7000, 0, 0, 0, 0), 1),
    ]
    assert [row.name for row in aging_by_contact(AgingFilter(day(), "USD"), limit=1, offset=1)] == ["Beta"]
    assert list(every_aged_contact(AgingFilter(day(), "USD"))) == rows
    assert aging_totals(day())["EUR"] == Aged((900, 0, 0, 0, 0), 1)
    assert [row.balance_minor for row in aging_invoices(AgingFilter(day(), "USD", acme.pk), limit=9)] == [
        5000,
        3000,
    ]


def test_an_earlier_day_shows_what_was_owed_then():
    invoice = make_invoice("100.00", ordered_on=day(-20), due_on=day(-10))
    make_payment("30.00", invoice=invoice, received_on=day(-8))
    make_payment("70.00", invoice=invoice, received_on=day(-2))

    assert owed(day()) == (0, 0, 0, 0, 0)
    assert owed(day(-2)) == (0, 0, 0, 0, 0)
    assert owed(day(-3)) == (0, 7000, 0, 0, 0)
    assert owed(day(-8)) == (0, 7000, 0, 0, 0)
    assert owed(day(-9)) == (0, 10000, 0, 0, 0)
    assert owed(day(-10)) == (10000, 0, 0, 0, 0)
    assert owed(day(-20)) == (10000, 0, 0, 0, 0)
    assert owed(day(-21)) == (0, 0, 0, 0, 0)


def test_undone_returned_changed_and_cancelled_show_on_their_days():
    acme = make_contact()
    returned = make_invoice("10.00", contact=acme, ordered_on=day(-9))
    payment = make_payment("10.00", invoice=returned, received_on=day(-8))
    bounce(payment, returned_on=day(-4))
    undone = make_payment("10.00", invoice=returned, received_on=day(-3))
    reverse_payment(payment_id=undone.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())
    changed = make_invoice("100.00", contact=acme, ordered_on=day(-7))
    change_order(
        order_id=changed.order_id, lines=[line("150.00")], request_key=key(), actor=SYSTEM, on=day(-5)
    )
    cancelled = make_invoice("1000.00", contact=acme, ordered_on=day(-6))
    cancel_order(order_id=cancelled.order_id, reason="no", request_key=key(), actor=SYSTEM, on=day(-1))

    figures = [sum(owed(day(-ago))) for ago in range(10)]

    #                  today      -1      -2      -3      -4      -5      -6     -7  -8   -9
    assert figures == [16000, 16000, 116000, 116000, 116000, 115000, 110000, 10000, 0, 1000]


def test_every_day_agrees_with_the_receivable_account():
    acme = make_contact()
    for ago in range(0, 40, 3):
        invoice = make_invoice(f"{ago + 10}.00", contact=acme, ordered_on=day(-ago))
        make_payment("7.00", invoice=invoice, received_on=day(-ago // 2))

    for ago in range(42):
        as_of = day() - timedelta(days=ago)
        booked = sum(
            transfer.amount_minor
            if transfer.debit_account_id == SystemAccount.RECEIVABLE
            else -transfer.amount_minor
            for transfer in Transfer.objects.filter(effective_on__lte=as_of)
            if SystemAccount.RECEIVABLE in (transfer.debit_account_id, transfer.credit_account_id)
        )
        assert sum(owed(as_of)) == booked, as_of


def test_nothing_owed_is_no_currency_and_no_row():
    assert aging_totals(day()) == {}
    assert aging_by_contact(AgingFilter(day(), "USD"), limit=10) == []
    assert aging_invoices(AgingFilter(day(), "USD"), limit=10) == []
