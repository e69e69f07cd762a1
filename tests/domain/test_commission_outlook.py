"""What can still come of a commission."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.commission_outlook import still_to_come
from duebook.domain.commission_release import Counters, release
from duebook.domain.commission_rules import PayoutType

ON_PAYMENT, UP_FRONT = PayoutType.ON_PAYMENT, PayoutType.UP_FRONT


def to_come(total: int, payout_type: PayoutType, counters: Counters, balance: int) -> int:
    earned = release(total, payout_type, counters).earned_minor
    return still_to_come(
        total_minor=total,
        earned_minor=earned,
        payout_type=payout_type,
        counters=counters,
        balance_due_minor=balance,
    )


@pytest.mark.parametrize(
    ("payout_type", "counters", "balance", "expected"),
    [
        (ON_PAYMENT, Counters(10000, 0, 0, 0, 0, 0), 10000, 1000),
        (ON_PAYMENT, Counters(10000, 0, 2000, 0, 2000, 0), 8000, 800),
        # What was paid with No never comes.
        (ON_PAYMENT, Counters(10000, 0, 0, 2000, 2000, 0), 8000, 800),
        (ON_PAYMENT, Counters(10000, 0, 0, 10000, 10000, 0), 0, 0),
        # An adjustment with No lowers what is due and enters no counter.
        (ON_PAYMENT, Counters(10000, 0, 0, 0, 0, 0), 7000, 700),
        # The finance charge of 10.00 is settled first; of 110.00 all can come.
        (ON_PAYMENT, Counters(11000, 1000, 0, 0, 0, 0), 11000, 1000),
        (ON_PAYMENT, Counters(0, 0, 0, 0, 0, 0), 0, 0),
        (UP_FRONT, Counters(10000, 0, 0, 0, 0, 0), 10000, 0),
        # 40.00 went back and can be paid again.
        (UP_FRONT, Counters(10000, 0, 6000, 0, 6000, 4000), 4000, 400),
        (ON_PAYMENT, Counters(10000, 0, 0, 0, 0, 0, dead=True), 0, 0),
    ],
)
def test_it_is_what_paying_the_balance_with_yes_would_earn(
    payout_type: PayoutType, counters: Counters, balance: int, expected: int
) -> None:
    assert to_come(1000, payout_type, counters, balance) == expected


@given(
    total=st.integers(0, 10**6),
    payout_type=st.sampled_from(PayoutType),
    invoice=st.integers(0, 10**5),
    finance=st.integers(0, 10**4),
    yes=st.integers(0, 10**5),
    no=st.integers(0, 10**5),
    back=st.integers(0, 10**5),
)
def test_it_is_never_negative_and_never_beyond_the_total(
    total: int, payout_type: PayoutType, invoice: int, finance: int, yes: int, no: int, back: int
) -> None:
    yes = min(yes, invoice)
    no = min(no, invoice - yes)
    counters = Counters(invoice, min(finance, invoice), yes, no, yes + no, back)

    comes = to_come(total, payout_type, counters, invoice - yes - no)

    assert 0 <= comes <= total - release(total, payout_type, counters).earned_minor
