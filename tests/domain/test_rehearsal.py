"""Rehearsing a program: sums by other rules, without a database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, strategies as st

from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_release import Counters
from duebook.domain.commission_rules import (
    Override,
    PartnerRole,
    PartnerTerms,
    PayoutType,
    ProgramTerms,
    Rate,
    RuleTerms,
)
from duebook.domain.commission_terms import OrderTerms
from duebook.domain.order_lines import ItemKind
from duebook.domain.rehearsal import FrozenTotal, Outcome, PastOrder, rehearse

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
DANA = PartnerTerms(1, "Dana", active=True)
ON_PAYMENT, UP_FRONT = PayoutType.ON_PAYMENT, PayoutType.UP_FRONT


def program(
    bps: int, *, pk: int = 7, payout_type: PayoutType = ON_PAYMENT, priority: int = 10
) -> ProgramTerms:
    rule = RuleTerms(1, PartnerRole.LEAD, 1, Rate(bps))
    return ProgramTerms(pk, "Standard", priority, payout_type, 30, 1, frozenset({1}), (rule,))


def paid(minor: int) -> Counters:
    return Counters(10000, 0, minor, 0, minor, 0)


def order(
    *,
    before: int = 2000,
    after: int = 7000,
    ordered_on: date = date(2026, 9, 1),
    payout_type: PayoutType = ON_PAYMENT,
    overrides: tuple[Override, ...] = (),
) -> PastOrder:
    """An order of 100.00, of which 20.00 was paid before October and 70.00 at its end, at 10 %."""
    return PastOrder(
        ordered_on=ordered_on,
        terms=OrderTerms(3, "USD", {PartnerRole.LEAD: 1}, (DANA,), (program(1000),), overrides),
        lines=(SoldLine(1, ItemKind.PRODUCT, None, "Website", Decimal(1), 10000),),
        totals=(FrozenTotal(1, payout_type, 1000),),
        before=paid(before),
        after=paid(after),
    )


def outcome(past: PastOrder, rehearsed: ProgramTerms, *, active: bool = True) -> Outcome:
    return rehearse(past, rehearsed, first=FIRST, last=LAST, active=active)[1]


def test_the_same_program_makes_no_difference() -> None:
    assert outcome(order(), program(1000)) == Outcome(500, 500)


def test_a_higher_rate_earns_its_share_of_the_same_payments() -> None:
    assert outcome(order(), program(1500)) == Outcome(500, 750)


def test_a_new_program_counts_only_where_its_priority_wins() -> None:
    assert outcome(order(), program(3000, pk=99, priority=5)) == Outcome(500, 1500)
    assert outcome(order(), program(3000, pk=99, priority=20)) == Outcome(500, 500)


def test_an_inactive_program_earns_nothing() -> None:
    assert outcome(order(), program(1000), active=False) == Outcome(500, 0)


def test_an_override_of_the_partner_still_beats_the_program() -> None:
    own = Override(1, 1, PartnerRole.LEAD, Rate(2000), ON_PAYMENT)

    assert outcome(order(overrides=(own,)), program(1500)) == Outcome(500, 1000)


def test_what_is_earned_up_front_counts_on_the_day_of_the_order() -> None:
    up_front = program(1000, payout_type=UP_FRONT)

    assert outcome(order(ordered_on=date(2026, 9, 30)), up_front) == Outcome(500, 0)
    assert outcome(order(ordered_on=FIRST, before=0), up_front) == Outcome(700, 1000)
    assert outcome(order(ordered_on=LAST, before=0, after=0), up_front) == Outcome(0, 1000)


def test_money_that_went_back_in_the_period_takes_the_share_back() -> None:
    past = replace(
        order(ordered_on=date(2026, 9, 1)), before=paid(10000), after=Counters(10000, 0, 4000, 0, 4000, 6000)
    )

    assert outcome(past, program(1000)) == Outcome(-600, -600)
    assert outcome(past, program(500, payout_type=UP_FRONT)) == Outcome(-600, -300)


def test_an_order_cancelled_in_the_period_takes_all_back() -> None:
    past = replace(order(), after=replace(paid(0), dead=True))

    assert outcome(past, program(1500)) == Outcome(-200, -300)


def test_a_partner_without_a_frozen_total_appears_with_what_the_new_rules_give() -> None:
    past = replace(order(), totals=())

    assert outcome(past, program(1500)) == Outcome(0, 750)


@given(
    bps=st.integers(0, 10_000),
    payout_type=st.sampled_from(PayoutType),
    days=st.lists(st.tuples(st.integers(0, 89), st.integers(0, 3000)), max_size=8),
    placed=st.integers(0, 89),
    cut=st.integers(1, 88),
)
def test_two_periods_earn_together_what_both_as_one_earn(
    bps: int, payout_type: PayoutType, days: list[tuple[int, int]], placed: int, cut: int
) -> None:
    start = date(2026, 1, 1)

    def by(day: int) -> Counters:
        return paid(min(10000, sum(minor for on, minor in days if on <= day)))

    def part(first: int, last: int) -> Outcome:
        past = replace(
            order(ordered_on=start + timedelta(days=placed), payout_type=payout_type),
            before=by(first - 1),
            after=by(last),
        )
        rehearsed = program(bps, payout_type=payout_type)
        return rehearse(
            past, rehearsed, first=start + timedelta(days=first), last=start + timedelta(days=last)
        )[1]

    assert part(0, cut) + part(cut + 1, 89) == part(0, 89)
