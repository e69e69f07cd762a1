"""What can be paid out, to whom, and who may approve it.

Payable are entries past their hold up to a cut-off that no live payout holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.utils import timezone

from duebook.commissions.models import CommissionEntry, PayoutBatch, PayoutLine
from duebook.domain.permissions import Right
from duebook.domain.second_person import Company
from duebook.staff.queries import others_who_may


def unpaid(currency: str) -> QuerySet[CommissionEntry]:
    """The entries of a currency that no live payout holds."""
    held = PayoutLine.objects.filter(entry=OuterRef("pk"), live=True)
    return CommissionEntry.objects.filter(~Exists(held), currency=currency)


def payable(
    currency: str, cut_off_on: date, partner_ids: Iterable[int] | None = None
) -> QuerySet[CommissionEntry]:
    """The unpaid entries that can be paid out up to the cut-off.

    What is taken back has no hold: a negative entry counts from its own day.
    """
    entries = unpaid(currency).filter(payable_on__lte=cut_off_on)
    return entries if partner_ids is None else entries.filter(partner__in=list(partner_ids))


def is_carried(minor: int, minimum_minor: int) -> bool:
    """Whether a sum is carried forward to a later payout: zero, negative or below the minimum."""
    return minor <= 0 or minor < minimum_minor


@dataclass(frozen=True, slots=True)
class PartnerPayable:
    """What a partner has payable, in minor units; below the minimum or negative it is carried forward."""

    partner_id: int
    name: str
    minor: int
    entries: int
    carried: bool


def payable_by_partner(
    *, currency: str, cut_off_on: date, minimum_minor: int, partner_ids: Iterable[int] | None = None
) -> list[PartnerPayable]:
    """Each partner with something unpaid up to the cut-off, by name."""
    rows = (
        payable(currency, cut_off_on, partner_ids)
        .values_list("partner_id", "partner__name")
        .annotate(minor=Sum("amount_minor"), entries=Count("pk"))
        .order_by("partner__name", "partner_id")
    )
    return [
        PartnerPayable(pk, name, minor, entries, carried=is_carried(minor, minimum_minor))
        for pk, name, minor, entries in rows
    ]


def payable_sums(cut_off_on: date) -> dict[str, tuple[int, int]]:
    """By currency what can be paid out up to the cut-off, in minor units, and to how many partners.

    Partners who owe more than they have to get are left out: nobody else's payout pays for theirs.
    """
    held = PayoutLine.objects.filter(entry=OuterRef("pk"), live=True)
    rows = (
        CommissionEntry.objects.filter(~Exists(held), payable_on__lte=cut_off_on)
        .order_by()
        .values_list("currency", "partner_id")
        .annotate(minor=Sum("amount_minor"))
        .filter(minor__gt=0)
    )
    sums: dict[str, tuple[int, int]] = {}
    for currency, _, minor in rows.iterator():
        total, partners = sums.get(currency, (0, 0))
        sums[currency] = (total + minor, partners + 1)
    return sums


def company_of(batch: PayoutBatch) -> Company:
    """Who else than its builder could approve the batch as things stand."""
    return Company(
        others=others_who_may(Right.APPROVE_PAYOUTS, but=batch.built_by_id),
        asked_at=batch.built_at,
        now=timezone.now(),
    )
