"""What an act does to each partner's commission, as a row: partner, role, the sum that makes it, the cents.

Two queries for any number of steps; none where there is no step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from duebook.commissions.models import Accrual
from duebook.domain.commission_release import WhyNothing
from duebook.domain.commission_rules import PartnerRole, PayoutType, Silence
from duebook.domain.commission_steps import CommissionStep
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind
from duebook.orders.models import OrderItem
from duebook.reports.commission_sums import excluded_words, role_words, share_words, sum_words
from duebook.staff.models import Business
from duebook.web.formats import figure
from duebook.web.words.commissions import in_words


@dataclass(frozen=True, slots=True)
class CommissionRow:
    """One partner in one role at one level: what the act brings or takes, and why."""

    partner: str
    role: str
    is_lead: bool
    amount: Money
    sum: str
    note: str

    @property
    def is_nothing(self) -> bool:
        return not self.amount


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What the accrual of a step froze, and which kinds of items its order leaves out."""

    lines: Sequence[dict[str, Any]]
    silence: str
    excluded: frozenset[str]


def commission_rows(
    steps: Sequence[CommissionStep], currency: str, business: Business, *, set_to_no: bool = False
) -> list[CommissionRow]:
    """A row for each accrual, in the order of the steps. ``set_to_no``: all that the act applies or takes off
    is left out of commissions.

    What a correction takes back and brings of one accrual is told as one: 120.00 corrected to 200.00 pays
    80.00 more.
    """
    if not steps:
        return []
    frozen = _frozen({step.accrual.id for step in steps})
    return [
        _row(step, frozen[step.accrual.id], currency, business, set_to_no=set_to_no)
        for step in _joined(steps)
    ]


def _joined(steps: Iterable[CommissionStep]) -> list[CommissionStep]:
    by_accrual: dict[int, CommissionStep] = {}
    for step in steps:
        first = by_accrual.get(step.accrual.id)
        by_accrual[step.accrual.id] = (
            step if first is None else replace(step, before=first.before, minor=first.minor + step.minor)
        )
    return list(by_accrual.values())


def _frozen(accrual_ids: Iterable[int]) -> dict[int, _Frozen]:
    rows = list(
        Accrual.objects.filter(pk__in=accrual_ids).values_list(
            "pk", "basis__lines", "silence", "invoice__order"
        )
    )
    kinds: dict[int, set[str]] = {}
    items = OrderItem.objects.filter(order__in={row[3] for row in rows}).exclude(kind=ItemKind.PRODUCT.value)
    for order_id, kind in items.values_list("order_id", "kind").distinct():
        kinds.setdefault(order_id, set()).add(kind)
    return {
        pk: _Frozen(lines, silence, frozenset(kinds.get(order, ()))) for pk, lines, silence, order in rows
    }


def _row(
    step: CommissionStep, frozen: _Frozen, currency: str, business: Business, *, set_to_no: bool
) -> CommissionRow:
    def show(minor: int) -> str:
        return figure(Money(minor, currency), business)

    accrual = step.accrual
    whole = sum_words(frozen.lines, accrual.total_minor, show, business.locale)
    parts = [whole] if whole else []
    if whole and (share := share_words(step.before, step.after, accrual.payout_type, show)):
        parts.append(share)
    told = ", ".join(parts)
    if whole and (excluded := excluded_words(frozen.excluded)):
        told = f"{told}; {excluded}"
    return CommissionRow(
        partner=accrual.partner_name,
        role=role_words(accrual.role, accrual.level),
        is_lead=accrual.role is PartnerRole.LEAD,
        amount=Money(step.minor, currency),
        sum=told,
        note=_note(step, frozen, moved=show(abs(step.after.part - step.before.part)), set_to_no=set_to_no),
    )


def _note(step: CommissionStep, frozen: _Frozen, *, moved: str, set_to_no: bool) -> str:
    """Why nothing, or why something although the payment is left out."""
    if not step.minor:
        return _why_nothing(step, frozen)
    if not set_to_no or step.accrual.payout_type is PayoutType.UP_FRONT:
        return ""
    if step.minor > 0:
        return _(
            "Left out itself, but it settles the finance charge: that releases %(amount)s paid earlier."
        ) % {"amount": moved}
    return _(
        "Left out itself, but it had settled the finance charge: now %(amount)s paid earlier settles it."
    ) % {"amount": moved}


def _why_nothing(step: CommissionStep, frozen: _Frozen) -> str:
    if frozen.silence:
        known = frozen.silence in {silence.value for silence in Silence}
        return in_words(Silence(frozen.silence)) if known else _("The partner is no longer on the order.")
    if step.why is WhyNothing.SET_TO_NO:
        return _("Set to No: it earns nothing.")
    return in_words(step.why) or _("It stays as it is.")
