"""The latest payments: the newest first, with what they settle now."""

import pytest

from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.queries.latest_payments import LatestPayment, latest_payments
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment
from tests.payments.acts import move

pytestmark = pytest.mark.django_db


def test_the_newest_come_first_and_undone_ones_not_at_all(django_assert_num_queries):
    acme = make_contact()
    first, second = make_invoice("50.00", contact=acme), make_invoice("50.00", contact=acme)
    old = make_payment("20.00", invoice=first, received_on=day(), reference="4471")
    move(old, first, second, "20.00")
    undone = make_payment("9.00", invoice=first)
    reverse_payment(payment_id=undone.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())
    credit = make_payment("5.00", contact=acme, type_label="Cash")
    adjustment = make_payment("3.00", invoice=first, type_label="Write-off")

    with django_assert_num_queries(1):
        rows = latest_payments(10)

    assert rows == [
        LatestPayment(
            adjustment.pk, "Acme", "Write-off", "", 300, "USD", False, False, False, False, [first.number]
        ),
        LatestPayment(credit.pk, "Acme", "Cash", "", 500, "USD", True, False, False, False, []),
        LatestPayment(
            old.pk, "Acme", "Check", "4471", 2000, "USD", True, False, False, False, [second.number]
        ),
    ]
    assert latest_payments(1) == rows[:1]
