"""Who has credit on account, and whether it could settle something."""

import pytest

from duebook.reports.queries.credit import ContactCredit, contacts_with_credit, every_contact_with_credit
from tests.factories import make_contact, make_invoice, make_payment

pytestmark = pytest.mark.django_db


def test_credit_that_could_settle_something_comes_first():
    idle, acme, beta = make_contact("Idle"), make_contact("Acme"), make_contact("Beta")
    make_payment("500.00", contact=idle)
    make_payment("20.00", contact=acme)
    make_payment("30.00", contact=acme)
    make_invoice("10.00", contact=acme)
    make_payment("30.00", contact=beta)
    make_invoice("90.00", contact=beta)
    make_invoice("90.00", contact=idle, currency="EUR")

    rows = contacts_with_credit(only_usable=False, limit=10)

    assert rows == [
        ContactCredit(beta.pk, "Beta", "USD", 3000, 9000),
        ContactCredit(acme.pk, "Acme", "USD", 5000, 1000),
        ContactCredit(idle.pk, "Idle", "USD", 50000, 0),
    ]
    assert contacts_with_credit(only_usable=True, limit=10) == rows[:2]
    assert contacts_with_credit(only_usable=False, limit=1, offset=1) == rows[1:2]
    assert list(every_contact_with_credit(only_usable=False)) == rows
