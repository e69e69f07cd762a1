"""Returning: everything applied comes off, each answer by itself and on its day."""

from dataclasses import replace
from datetime import date

from duebook.domain.returning import decide_return
from tests.domain.payment_scene import MIXED, TODAY, a_payment, invoices, usd


def test_a_return_takes_each_answer_off_by_itself() -> None:
    decision = decide_return(
        a_payment(5000, 5000),
        on=TODAY,
        returned_on=date(2026, 11, 10),
        reason="Bounced",
        fee=None,
        allocations=MIXED,
        invoices=invoices(applied=5000),
        closed_until=None,
    )

    assert [(r.minor, r.counts, r.applied_on) for r in decision.allocations] == [
        (-3000, True, date(2026, 11, 10)),
        (-2000, False, TODAY),
    ]
    assert decision.balances[0].after == usd(10000)


def test_a_return_takes_back_what_was_not_refunded() -> None:
    payment = replace(a_payment(6000, 5000), refunded_minor=1000)

    decision = decide_return(
        payment,
        on=TODAY,
        returned_on=TODAY,
        reason="Bounced",
        fee=None,
        allocations=MIXED,
        invoices=invoices(applied=5000),
        closed_until=None,
    )

    assert decision.amount == usd(5000)
