"""What partners earned, and what became of it: held, payable, in a payout, paid.

Invariant: the four parts of a figure add up to what was earned.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from duebook.commissions.models import CommissionEntry, PayoutBatch


@dataclass(frozen=True, slots=True)
class PartnerFigures:
    """Sums of one currency in minor units."""

    currency: str
    earned_minor: int
    held_minor: int
    payable_minor: int
    in_payout_minor: int
    paid_minor: int


_PAID = Q(live__payout__batch__state=PayoutBatch.States.PAID)
_FREE = Q(live__id__isnull=True)


def _sums(today: date) -> dict[str, Any]:
    def of(condition: Q) -> Coalesce:
        return Coalesce(Sum("amount_minor", filter=condition), 0)

    return {
        "earned_minor": Sum("amount_minor"),
        "held_minor": of(_FREE & Q(payable_on__gt=today)),
        "payable_minor": of(_FREE & Q(payable_on__lte=today)),
        "in_payout_minor": of(~_FREE & ~_PAID),
        "paid_minor": of(_PAID),
    }


_NAMES = ("earned_minor", "held_minor", "payable_minor", "in_payout_minor", "paid_minor")


def _entries(partner_ids: Iterable[int]) -> QuerySet[CommissionEntry]:
    """The entries of the partners, each with the live payout that holds it."""
    live = FilteredRelation("payout_lines", condition=Q(payout_lines__live=True))
    return CommissionEntry.objects.filter(partner__in=list(partner_ids)).annotate(live=live).order_by()


def figures_of(partner_ids: Iterable[int], *, today: date) -> dict[int, list[PartnerFigures]]:
    """The figures of each partner that ever earned something, a row a currency; one query."""
    rows = (
        _entries(partner_ids)
        .values("partner_id", "currency")
        .annotate(**_sums(today))
        .order_by("partner_id", "currency")
        .values_list("partner_id", "currency", *_NAMES)
    )
    found: dict[int, list[PartnerFigures]] = {}
    for partner_id, currency, *sums in rows:
        found.setdefault(partner_id, []).append(PartnerFigures(currency, *map(int, sums)))
    return found


def figures_by_month(
    partner_id: int, currency: str, *, first_month: date, today: date
) -> dict[date, PartnerFigures]:
    """What the partner earned in each month since, and what became of it until today; one query."""
    rows = (
        _entries([partner_id])
        .filter(currency=currency, entered_on__gte=first_month)
        .annotate(month=TruncMonth("entered_on"))
        .values("month")
        .annotate(**_sums(today))
        .order_by("month")
        .values_list("month", *_NAMES)
    )
    return {month: PartnerFigures(currency, *map(int, sums)) for month, *sums in rows}
