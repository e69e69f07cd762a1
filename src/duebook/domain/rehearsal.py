"""Rehearsing a program: what partners would have earned in a past period by other rules.

Of each order it takes the invoice's counters before and at the end of the period. What the period earned is
what the later counters release less what the earlier ones did: once with the totals that are frozen, once
with those of the terms with the program put in. So parts still add up, and nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_release import Counters, release
from duebook.domain.commission_rules import PayoutType, ProgramTerms
from duebook.domain.commission_terms import OrderTerms


@dataclass(frozen=True, slots=True)
class FrozenTotal:
    """What one partner can earn on the order as things are, in minor units."""

    partner_id: int
    payout_type: PayoutType
    total_minor: int


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order with what the period did to its invoice."""

    ordered_on: date
    terms: OrderTerms
    lines: tuple[SoldLine, ...]
    totals: tuple[FrozenTotal, ...]
    before: Counters
    after: Counters


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a partner earned in the period, and would have earned, in minor units."""

    old_minor: int = 0
    new_minor: int = 0

    @property
    def difference_minor(self) -> int:
        return self.new_minor - self.old_minor

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.old_minor + other.old_minor, self.new_minor + other.new_minor)


def with_program(terms: OrderTerms, program: ProgramTerms, *, active: bool = True) -> OrderTerms:
    """The terms as if the program had been so: in the place of the one with its id, or as one more.

    An inactive program covers nothing.
    """
    others = tuple(other for other in terms.programs if other.id != program.id)
    return replace(terms, programs=(*others, program) if active else others)


def earned_within(
    order: PastOrder, total_minor: int, payout_type: PayoutType, *, first: date, last: date
) -> int:
    """What the days from first to last earned of a total; what is earned up front counts on the order's day.

    On payment: T 10.00 of 100.00, of which 20.00 was paid before and 50.00 by the end, earned 3.00.
    """
    return _by(order, order.after, total_minor, payout_type, last) - _by(
        order, order.before, total_minor, payout_type, first, before=True
    )


def _by(
    order: PastOrder,
    counters: Counters,
    total_minor: int,
    payout_type: PayoutType,
    day: date,
    *,
    before: bool = False,
) -> int:
    placed = order.ordered_on < day if before else order.ordered_on <= day
    if payout_type is PayoutType.UP_FRONT and not placed:
        return 0
    return release(total_minor, payout_type, counters).earned_minor


def rehearse(
    order: PastOrder, program: ProgramTerms, *, first: date, last: date, active: bool = True
) -> Mapping[int, Outcome]:
    """What each partner of the order earned in the period, and would have earned, by the partner's id."""
    outcomes: dict[int, Outcome] = {}
    for total in order.totals:
        old = earned_within(order, total.total_minor, total.payout_type, first=first, last=last)
        outcomes[total.partner_id] = outcomes.get(total.partner_id, Outcome()) + Outcome(old_minor=old)
    for claim in with_program(order.terms, program, active=active).claims(order.lines):
        new = earned_within(order, claim.total_minor, claim.payout_type, first=first, last=last)
        key = claim.partner.id
        outcomes[key] = outcomes.get(key, Outcome()) + Outcome(new_minor=new)
    return outcomes


def add_outcomes(into: dict[tuple[int, str], Outcome], currency: str, found: Mapping[int, Outcome]) -> None:
    """Add an order's outcomes to the sums by partner and currency."""
    for partner_id, outcome in found.items():
        key = (partner_id, currency)
        into[key] = into.get(key, Outcome()) + outcome
