"""Payments of a period by type: money and adjustments apart, undone and returned ones shown as such."""

import pytest

from duebook.ledger.models import ClosedPeriod
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.queries.payments_of_period import (
    Happening,
    PaymentFilter,
    TypeFigures,
    every_payment_row,
    payment_rows,
    payments_by_type,
    received_by_day,
)
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

pytestmark = pytest.mark.django_db


def figures(label: str, *numbers: int, is_money: bool = True, currency: str = "USD") -> TypeFigures:
    return TypeFigures(payment_type(label).pk, label, is_money, currency, *numbers)


def undo(payment, *, on=None):
    reverse_payment(payment_id=payment.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=on or day())


def test_each_type_and_currency_has_its_figures_for_the_days_of_the_period():
    acme = make_contact()
    invoice = make_invoice("100.00", contact=acme, ordered_on=day(-30))
    make_payment("10.00", invoice=invoice, received_on=day(-10))
    make_payment("20.00", invoice=invoice, received_on=day(-5))
    make_payment("5.00", contact=acme, received_on=day(-5), type_label="Cash")
    make_payment("3.00", contact=acme, currency="EUR", received_on=day(-1), type_label="Cash")
    make_payment("7.00", invoice=invoice, received_on=day(-4), type_label="Write-off")
    make_payment("40.00", contact=acme, received_on=day())

    rows = payments_by_type(day(-10), day(-1))

    assert rows == [
        figures("Cash", 1, 300, 0, 0, 0, 0, currency="EUR"),
        figures("Check", 2, 3000, 0, 0, 0, 0),
        figures("Cash", 1, 500, 0, 0, 0, 0),
        figures("Write-off", 1, 700, 0, 0, 0, 0, is_money=False),
    ]


def test_an_undone_payment_is_not_received_and_is_shown_as_undone():
    acme = make_contact()
    make_payment("10.00", contact=acme)
    undo(make_payment("25.00", contact=acme))

    assert payments_by_type(day(), day()) == [figures("Check", 1, 1000, 1, 2500, 0, 0)]


def test_undoing_after_the_day_was_closed_lowers_the_period_in_which_it_is_undone():
    payment = make_payment("25.00", contact=make_contact(), received_on=day(-40))
    ClosedPeriod.objects.create(closed_until=day(-30), decided_by_id=0)

    undo(payment)

    assert payments_by_type(day(-60), day(-30)) == [figures("Check", 1, 2500, 0, 0, 0, 0)]
    assert payments_by_type(day(-29), day()) == [figures("Check", -1, -2500, 1, 2500, 0, 0)]


def test_a_returned_payment_stays_received_and_is_returned_on_its_day():
    payment = make_payment("25.00", contact=make_contact(), received_on=day(-10))

    bounce(payment, returned_on=day(-3))

    assert payments_by_type(day(-10), day(-4)) == [figures("Check", 1, 2500, 0, 0, 0, 0)]
    assert payments_by_type(day(-3), day()) == [figures("Check", 0, 0, 0, 0, 1, 2500)]
    assert payments_by_type(day(-10), day())[0].kept_minor == 0


def test_a_refunded_payment_stays_received_and_what_went_back_stands_beside_it():
    acme = make_contact()
    payment = make_payment(
        "25.00", invoice=make_invoice("25.00", contact=acme, ordered_on=day(-20)), received_on=day(-10)
    )

    make_refund(payment, "10.00", owes="4.00", refunded_on=day(-3))

    assert payments_by_type(day(-10), day(-4)) == [figures("Check", 1, 2500, 0, 0, 0, 0)]
    assert payments_by_type(day(-3), day()) == [
        figures("Check", 0, 0, 0, 0, 0, 0, 1, 1000),
        figures("Adjustment", 1, 600, 0, 0, 0, 0, is_money=False),
    ]
    assert payments_by_type(day(-10), day())[0].kept_minor == 1500
    assert sum(row.received_minor for row in received_by_day(day(-10), day())) == 2500
    (row,) = payment_rows(PaymentFilter(day(-9), day(), happening=Happening.REFUNDED), limit=9)
    assert (row.day, row.number, row.signed_minor) == (day(-3), payment.number, -1000)


def test_the_rows_behind_a_figure_add_up_to_it():
    acme = make_contact()
    make_payment("10.00", contact=acme, received_on=day(-2), reference="4471")
    undo(make_payment("25.00", contact=acme))
    make_payment("5.00", contact=acme, type_label="Cash")
    check = payment_type().pk
    (figure,) = [row for row in payments_by_type(day(-9), day()) if row.label == "Check"]

    received = payment_rows(PaymentFilter(day(-9), day(), check, "USD", Happening.RECEIVED), limit=9)
    undone = payment_rows(PaymentFilter(day(-9), day(), check, "USD", Happening.UNDONE), limit=9)
    every = PaymentFilter(day(-9), day())

    assert [(row.signed_minor, row.is_undone) for row in received] == [
        (-2500, True),
        (2500, True),
        (1000, False),
    ]
    assert received[-1].reference == "4471"
    assert sum(row.signed_minor for row in received) == figure.received_minor == 1000
    assert [row.amount_minor for row in undone] == [2500]
    assert list(every_payment_row(every)) == payment_rows(every, limit=100)
    assert len(payment_rows(every, limit=2, offset=1)) == 2


def test_no_payments_are_no_rows():
    assert payments_by_type(day(-30), day()) == []
    assert payment_rows(PaymentFilter(day(-30), day()), limit=9) == []
