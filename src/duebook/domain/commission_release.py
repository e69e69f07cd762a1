"""How much of a commission's total T is earned, from the invoice's counters alone.

Let P be the invoice's total less its finance charge F, Y what is applied with Apply to Commissions Yes, N the
money applied with No, M all money applied, R money that went back. Money settles the finance charge first,
excluded money before counted. Parts always add up to T; a full refund comes back to exactly zero.
"""

from dataclasses import dataclass
from enum import StrEnum

from duebook.domain.commission_rules import PayoutType


@dataclass(frozen=True, slots=True)
class Counters:
    """The invoice's figures that release a commission, in minor units."""

    total_minor: int
    finance_minor: int
    counted_minor: int
    uncounted_minor: int
    money_minor: int
    money_back_minor: int
    dead: bool = False

    @property
    def payable_minor(self) -> int:
        """P: what is to pay without the finance charge, never below zero."""
        return max(0, self.total_minor - self.finance_minor)


@dataclass(frozen=True, slots=True)
class Release:
    """How much of a total is earned: the share ``part`` of ``whole``, in minor units."""

    part: int
    whole: int
    earned_minor: int


def release(total_minor: int, payout_type: PayoutType, counters: Counters) -> Release:
    """What is earned of T by now.

    On payment: T 10.00 of an invoice of 100.00 with 20.00 paid earns 2.00. Up front: 10.00 at once, less the
    share of the money that went back. A cancelled order or void invoice earns nothing.
    """
    if counters.dead:
        return Release(0, 0, 0)
    whole = counters.payable_minor
    if payout_type is PayoutType.UP_FRONT:
        if whole == 0:
            return Release(0, 0, total_minor)
        part = whole - _gone_back(counters)
    else:
        if whole == 0:
            return Release(0, 0, 0)
        part = _paid_and_counted(counters)
    return Release(part, whole, total_minor * part // whole)


def _paid_and_counted(counters: Counters) -> int:
    """p = min(P, max(0, Y - max(0, F - N)))."""
    finance_left = max(0, counters.finance_minor - counters.uncounted_minor)
    return min(counters.payable_minor, max(0, counters.counted_minor - finance_left))


def _gone_back(counters: Counters) -> int:
    """r = min(R, P - n) with n = min(P, max(0, M - F)): what went back and was not paid again."""
    whole = counters.payable_minor
    paid = min(whole, max(0, counters.money_minor - counters.finance_minor))
    return min(counters.money_back_minor, whole - paid)


class WhyNothing(StrEnum):
    """Why a step of an invoice's life earned a partner nothing."""

    NOTHING_TO_PAY = "nothing to pay"
    SET_TO_NO = "Apply to Commissions is No"
    ALREADY_EARNED = "already earned up front"
    NOTHING_LEFT = "all of it has been earned"
    FINANCE_CHARGE_FIRST = "the finance charge is settled first"
    TOO_SMALL = "less than the smallest unit so far; the next payment carries it"
    DEAD = "the order is cancelled or its invoice void"


def why_nothing(
    *, total_minor: int, payout_type: PayoutType, before: Counters, after: Counters
) -> WhyNothing | None:
    """Why the step from one state to the other earned nothing; None when it earned or took back something."""
    old, new = release(total_minor, payout_type, before), release(total_minor, payout_type, after)
    if old.earned_minor != new.earned_minor:
        return None
    if after.dead:
        return WhyNothing.DEAD
    if payout_type is PayoutType.UP_FRONT:
        return WhyNothing.ALREADY_EARNED
    if new.whole == 0:
        return WhyNothing.NOTHING_TO_PAY
    if old.part == old.whole:
        return WhyNothing.NOTHING_LEFT
    if after.counted_minor == before.counted_minor:
        return WhyNothing.SET_TO_NO
    if new.part == old.part:
        return WhyNothing.FINANCE_CHARGE_FIRST
    return WhyNothing.TOO_SMALL
