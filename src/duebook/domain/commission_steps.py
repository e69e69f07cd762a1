"""What a change of an invoice's counters does to the commissions on it.

One function for the preview, the payment, its undoing, and the check of the books. Each accrual is stepped by
itself: no partner's figure depends on another's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from duebook.domain.commission_release import Counters, Release, WhyNothing, release, why_nothing
from duebook.domain.commission_rules import PartnerRole, PayoutType


class EntryCause(StrEnum):
    """What made a commission entry."""

    PAYMENT = "payment"
    UNDONE = "undone"
    RETURNED = "returned"
    REFUNDED = "refunded"
    REFUND_UNDONE = "refund_undone"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute_won"
    MOVED = "moved"
    CREDIT_APPLIED = "credit_applied"
    ASSIGNED = "assigned"
    ORDER_PLACED = "order_placed"
    ORDER_CHANGED = "order_changed"
    ORDER_CANCELLED = "order_cancelled"
    RECALCULATED = "recalculated"


@dataclass(frozen=True, slots=True)
class AccrualState:
    """An accrual as it stands; amounts in minor units. ``part`` is what of the invoice has released it."""

    id: int
    partner_id: int
    partner_name: str
    role: PartnerRole
    level: int
    payout_type: PayoutType
    hold_days: int
    total_minor: int
    earned_minor: int
    part_minor: int


@dataclass(frozen=True, slots=True)
class CounterChange:
    """What an act adds to an invoice's counters, in minor units; taking off is negative."""

    applied: int = 0
    counted: int = 0
    uncounted: int = 0
    money: int = 0
    back: int = 0

    @classmethod
    def allocated(cls, minor: int, *, counts: bool, is_money: bool) -> "CounterChange":
        """An allocation of that many minor units; adjustments with No enter no counter but ``applied``."""
        return cls(
            applied=minor,
            counted=minor if counts else 0,
            uncounted=minor if is_money and not counts else 0,
            money=minor if is_money else 0,
        )

    def __add__(self, other: "CounterChange") -> "CounterChange":
        return CounterChange(
            self.applied + other.applied,
            self.counted + other.counted,
            self.uncounted + other.uncounted,
            self.money + other.money,
            self.back + other.back,
        )


def after_change(counters: Counters, change: CounterChange) -> Counters:
    """The counters with the change added."""
    return replace(
        counters,
        counted_minor=counters.counted_minor + change.counted,
        uncounted_minor=counters.uncounted_minor + change.uncounted,
        money_minor=counters.money_minor + change.money,
        money_back_minor=counters.money_back_minor + change.back,
    )


@dataclass(frozen=True, slots=True)
class CommissionStep:
    """One accrual before and after; ``minor`` is earned (positive), clawed back (negative) or nothing."""

    invoice_id: int
    accrual: AccrualState
    before: Release
    after: Release
    minor: int
    entered_on: date
    why: WhyNothing | None = None

    @property
    def payable_on(self) -> date:
        """From when it can be paid out: after the hold; what is taken back has none."""
        return self.entered_on + timedelta(days=self.accrual.hold_days if self.minor > 0 else 0)


def commission_steps(
    *,
    invoice_id: int,
    accruals: Iterable[AccrualState],
    before: Counters,
    after: Counters,
    entered_on: date,
) -> tuple[CommissionStep, ...]:
    """The step of each accrual; those that earn nothing say why."""
    steps = []
    for accrual in accruals:
        old = release(accrual.total_minor, accrual.payout_type, before)
        new = release(accrual.total_minor, accrual.payout_type, after)
        steps.append(
            CommissionStep(
                invoice_id=invoice_id,
                accrual=accrual,
                before=old,
                after=new,
                minor=new.earned_minor - accrual.earned_minor,
                entered_on=entered_on,
                why=why_nothing(
                    total_minor=accrual.total_minor,
                    payout_type=accrual.payout_type,
                    before=before,
                    after=after,
                ),
            )
        )
    return tuple(steps)


def stepped(step: CommissionStep) -> AccrualState:
    """The accrual after the step."""
    return replace(step.accrual, earned_minor=step.after.earned_minor, part_minor=step.after.part)
