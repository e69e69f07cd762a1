"""How much of T is earned: exact at the end, monotone on the way, exactly zero after a full refund."""

from dataclasses import replace
from random import Random

import pytest

from duebook.domain.commission_release import Counters, Release, WhyNothing, release, why_nothing
from duebook.domain.commission_rules import PayoutType
from duebook.domain.commission_steps import CounterChange, after_change

ON_PAYMENT, UP_FRONT = PayoutType.ON_PAYMENT, PayoutType.UP_FRONT


def counters(total: int = 10000, **fields: int) -> Counters:
    values = {
        "finance_minor": 0,
        "counted_minor": 0,
        "uncounted_minor": 0,
        "money_minor": 0,
        "money_back_minor": 0,
        **fields,
    }
    return Counters(total_minor=total, **values)


def test_keap_s_example_of_credit_on_customer_payment() -> None:
    earned = [
        release(1000, ON_PAYMENT, counters(counted_minor=paid, money_minor=paid)).earned_minor
        for paid in (0, 2000, 4000, 6000, 8000, 10000)
    ]

    assert earned == [0, 200, 400, 600, 800, 1000]


def test_keap_s_example_of_up_front_credit_in_full() -> None:
    earned = [
        release(1000, UP_FRONT, counters(counted_minor=paid, money_minor=paid)).earned_minor
        for paid in (0, 2000, 10000)
    ]

    assert earned == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("given_counters", "part", "earned"),
    [
        (counters(11000, finance_minor=1000, counted_minor=500, money_minor=500), 0, 0),
        (counters(11000, finance_minor=1000, counted_minor=3000, money_minor=3000), 2000, 200),
        (counters(11000, finance_minor=1000, counted_minor=11000, money_minor=11000), 10000, 1000),
        # No money settles the finance charge, so all Yes money counts.
        (
            counters(11000, finance_minor=1000, counted_minor=3000, uncounted_minor=1000, money_minor=4000),
            3000,
            300,
        ),
        (
            counters(11000, finance_minor=1000, counted_minor=10000, uncounted_minor=1000, money_minor=11000),
            10000,
            1000,
        ),
    ],
)
def test_money_settles_the_finance_charge_first(given_counters: Counters, part: int, earned: int) -> None:
    assert release(1000, ON_PAYMENT, given_counters) == Release(part, 10000, earned)


def test_money_that_went_back_takes_up_front_commission_with_it_until_it_is_paid_again() -> None:
    assert release(1000, UP_FRONT, counters(money_back_minor=4000)).earned_minor == 600
    assert release(1000, UP_FRONT, counters(money_minor=8000, money_back_minor=4000)).earned_minor == 800
    assert release(1000, UP_FRONT, counters(money_minor=10000, money_back_minor=4000)).earned_minor == 1000


def test_nothing_to_pay_earns_up_front_only() -> None:
    assert release(1000, ON_PAYMENT, counters(0)).earned_minor == 0
    assert release(1000, UP_FRONT, counters(0)).earned_minor == 1000


@pytest.mark.parametrize("payout_type", PayoutType)
def test_a_void_invoice_earns_nothing(payout_type: PayoutType) -> None:
    assert release(1000, payout_type, replace(counters(0), dead=True)).earned_minor == 0


CASES = 20_000


def a_history(random: Random) -> tuple[int, int, int, list[tuple[int, bool]]]:
    """T, total, finance charge and up to 60 payments that together pay the invoice."""
    total = random.choice([random.randint(1, 50), random.randint(1, 10**7), random.randint(1, 10**13)])
    finance = random.choice([0, random.randint(0, total)])
    payments, left = [], total
    for _ in range(random.randint(0, 59)):
        if not left:
            break
        part = random.randint(1, left)
        payments.append((part, random.random() < 0.8))
        left -= part
    if left:
        payments.append((left, True))
    return random.randint(0, total), total, finance, payments


def test_parts_are_monotone_never_above_the_total_and_exact_in_20_000_random_histories() -> None:
    random = Random(20261123)

    for _ in range(CASES):
        commission, total, finance, payments = a_history(random)
        now = counters(total, finance_minor=finance)
        last = 0
        for minor, counts in payments:
            now = after_change(now, CounterChange.allocated(minor, counts=counts, is_money=True))
            earned = release(commission, ON_PAYMENT, now).earned_minor
            assert last <= earned <= commission
            assert release(commission, UP_FRONT, now).earned_minor == commission
            last = earned
        if all(counts for _, counts in payments) and total > finance:
            assert last == commission

        random.shuffle(payments)
        for minor, counts in payments:
            back = CounterChange.allocated(-minor, counts=counts, is_money=True)
            now = after_change(now, back + CounterChange(back=minor))
            assert 0 <= release(commission, ON_PAYMENT, now).earned_minor <= commission
            assert 0 <= release(commission, UP_FRONT, now).earned_minor <= commission
        assert release(commission, ON_PAYMENT, now).earned_minor == 0
        if total > finance:
            assert release(commission, UP_FRONT, now).earned_minor == 0


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (counters(0), counters(0), WhyNothing.NOTHING_TO_PAY),
        (counters(), counters(uncounted_minor=100, money_minor=100), WhyNothing.SET_TO_NO),
        (
            counters(11000, finance_minor=1000),
            counters(11000, finance_minor=1000, counted_minor=500, money_minor=500),
            WhyNothing.FINANCE_CHARGE_FIRST,
        ),
        (counters(), counters(counted_minor=5, money_minor=5), WhyNothing.TOO_SMALL),
        (counters(), counters(counted_minor=100, money_minor=100), None),
    ],
)
def test_it_says_why_a_step_earned_nothing(before: Counters, after: Counters, why: WhyNothing | None) -> None:
    assert why_nothing(total_minor=1000, payout_type=ON_PAYMENT, before=before, after=after) is why


def test_an_up_front_commission_says_that_it_was_earned_already() -> None:
    after = counters(counted_minor=100, money_minor=100)

    assert (
        why_nothing(total_minor=1000, payout_type=UP_FRONT, before=counters(), after=after)
        is WhyNothing.ALREADY_EARNED
    )
