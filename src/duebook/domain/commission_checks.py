"""What a partner's code, a chain of parents and the rules of a program must keep."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from duebook.domain.commission_rules import MAX_LEVELS, WHOLE_BPS, PartnerRole, Rate
from duebook.domain.errors import (
    AmountNotPositive,
    CodeMalformed,
    FixedAmountNeedsCurrency,
    LevelAboveProgram,
    ParentLoop,
    PercentOutOfRange,
    ProgramNeedsRules,
    RateMissing,
    RatesAboveWhole,
    RuleTwice,
)

_CODE = re.compile(r"[A-Za-z]\S{3,39}")


@dataclass(frozen=True, slots=True)
class RuleInput:
    """A rule as a person enters it; the product is None for the default."""

    role: PartnerRole
    level: int
    rate: Rate
    product_id: int | None = None


def check_code(code: str) -> None:
    """Raise CodeMalformed unless the code is one that Keap would take (referral partner record)."""
    if not _CODE.fullmatch(code):
        raise CodeMalformed


def check_parent(
    partner_id: int | None, parent_id: int | None, parent_of: Mapping[int, int | None], name: str
) -> None:
    """Raise ParentLoop when the parent is the partner itself or stands below it."""
    seen: set[int] = set()
    current = parent_id
    while current is not None and current not in seen:
        if current == partner_id:
            raise ParentLoop(name=name)
        seen.add(current)
        current = parent_of.get(current)


def check_rate(rate: Rate, currency: str) -> None:
    """Raise PercentOutOfRange, AmountNotPositive, FixedAmountNeedsCurrency or RateMissing."""
    if not 0 <= rate.bps <= WHOLE_BPS:
        raise PercentOutOfRange
    if rate.fixed_minor < 0:
        raise AmountNotPositive(field="fixed_amount")
    if rate.fixed_minor and rate.currency != currency:
        raise FixedAmountNeedsCurrency(expected=currency)
    if not rate.bps and not rate.fixed_minor:
        raise RateMissing


def check_rules(rules: Sequence[RuleInput], *, levels: int, currency: str) -> None:
    """Check all rules of a program together.

    Raises ProgramNeedsRules, LevelAboveProgram, RuleTwice, RatesAboveWhole and what ``check_rate`` raises.
    """
    if not rules:
        raise ProgramNeedsRules
    seen: set[tuple[int | None, PartnerRole, int]] = set()
    for rule in rules:
        if not 1 <= rule.level <= min(levels, MAX_LEVELS):
            raise LevelAboveProgram(levels=levels, level=rule.level)
        check_rate(rule.rate, currency)
        key = (rule.product_id, rule.role, rule.level)
        if key in seen:
            raise RuleTwice(what=f"{rule.role.value}, level {rule.level}")
        seen.add(key)
    for product_id in {rule.product_id for rule in rules}:
        _check_whole(rules, product_id)


def _check_whole(rules: Iterable[RuleInput], product_id: int | None) -> None:
    """A product's own rules beat the default in their role and level; together at most 100 %."""
    chosen: dict[tuple[PartnerRole, int], int] = {}
    for rule in sorted(rules, key=lambda rule: rule.product_id is not None):
        if rule.product_id in (None, product_id):
            chosen[rule.role, rule.level] = rule.rate.bps
    whole = sum(chosen.values())
    if whole > WHOLE_BPS:
        what = "the default" if product_id is None else "a product"
        raise RatesAboveWhole(percent=f"{whole / 100:g}", what=what)
