"""The sum that makes a commission, in words: the same for staff and for partners.

Made of what the accrual froze; no rule is looked up, so an old commission goes on saying what made it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel.numbers import format_decimal
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.commission_release import Release
from duebook.domain.commission_rules import WHOLE_BPS, PartnerRole, PayoutType
from duebook.domain.order_lines import ItemKind

Show = Callable[[int], str]
"""Writes minor units of the commission's currency."""

_ROLES: Mapping[PartnerRole, Promise] = {
    PartnerRole.LEAD: gettext_lazy("lead"),
    PartnerRole.SALE: gettext_lazy("sale"),
}
_EXCLUDED: Mapping[str, Promise] = {
    ItemKind.SHIPPING.value: gettext_lazy("shipping"),
    ItemKind.TAX.value: gettext_lazy("tax"),
    ItemKind.FINANCE_CHARGE.value: gettext_lazy("finance charge"),
    ItemKind.OTHER.value: gettext_lazy("other items"),
}


def role_words(role: PartnerRole, level: int) -> str:
    """lead · level 1"""
    return _("%(role)s · level %(level)s") % {"role": _ROLES[role], "level": level}


def percent_words(bps: int, locale: str) -> str:
    """5 %, 12.5 %"""
    return _("%(percent)s %%") % {"percent": format_decimal(Decimal(bps) / 100, locale=locale)}


def sum_words(lines: Iterable[Mapping[str, Any]], total_minor: int, show: Show, locale: str) -> str:
    """5 % of 1,000.00 = 50.00; lines of one rate are taken together. Empty where no rule applies."""
    groups: dict[tuple[int, int], tuple[int, Fraction]] = {}
    for line in lines:
        if line["source"] is None:
            continue
        rate = (line["bps"], line["fixed_minor"])
        base, units = groups.get(rate, (0, Fraction(0)))
        groups[rate] = (base + line["base_minor"], units + _units(line))
    terms = [
        term
        for (bps, fixed), (base, units) in groups.items()
        for term in _terms(bps, fixed, base, units, show, locale)
    ]
    if not terms:
        return ""
    return _("%(sum)s = %(total)s") % {"sum": " + ".join(terms), "total": show(total_minor)}


def share_words(before: Release, after: Release, payout_type: PayoutType, show: Show) -> str:
    """What of the invoice a step brought or took: "of it 300.00 of 1,200.00 paid"."""
    moved = after.part - before.part
    if not moved or not after.whole:
        return ""
    values = {"part": show(abs(moved)), "whole": show(after.whole)}
    if moved > 0:
        return _("of it %(part)s of %(whole)s paid") % values
    if payout_type is PayoutType.UP_FRONT:
        return _("of it %(part)s of %(whole)s went back to the customer") % values
    return _("of it %(part)s of %(whole)s no longer paid") % values


def excluded_words(kinds: Iterable[str]) -> str:
    """shipping and tax excluded; empty when every line counts."""
    present = set(kinds)
    names = [str(name) for kind, name in _EXCLUDED.items() if kind in present]
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else _and(names)
    return _("%(items)s excluded") % {"items": listed}


def _and(names: Sequence[str]) -> str:
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def _units(line: Mapping[str, Any]) -> Fraction:
    """How many units a fixed amount was paid for: what the percentage does not explain."""
    if not line["fixed_minor"]:
        return Fraction(0)
    by_percent = Fraction(line["base_minor"] * line["bps"], WHOLE_BPS)
    return (Fraction(line["exact"]) - by_percent) / int(line["fixed_minor"])


def _terms(bps: int, fixed: int, base: int, units: Fraction, show: Show, locale: str) -> Iterable[str]:
    if bps:
        values = {"rate": percent_words(bps, locale), "base": show(base)}
        yield _("%(rate)s of %(base)s") % values
    if fixed:
        count = format_decimal(Decimal(units.numerator) / units.denominator, locale=locale)
        yield _("%(count)s × %(amount)s") % {"count": count, "amount": show(fixed)}
