"""What one partner may see. Every read names the partner, so that no page can show another's rows."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, QuerySet

from duebook.commissions.models import Accrual, CommissionEntry, Payout, PayoutBatch, PayoutLine
from duebook.commissions.partner_figures import figures_of
from duebook.partners.models import Partner, Referral

SHOWN_STATES = (PayoutBatch.States.APPROVED, PayoutBatch.States.PAID)
"""A payout is shown once it is approved: before, it may still be rejected."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a partner earned in one currency and what became of it; the last three add up to the first."""

    currency: str
    earned_minor: int
    held_minor: int
    open_minor: int
    paid_minor: int


def figures(partner: Partner, *, today: date) -> list[Figures]:
    """A row a currency; what waits in a payout for its approval is as open as what waits for a payout."""
    found = figures_of([partner.pk], today=today).get(partner.pk, [])
    return [
        Figures(
            row.currency,
            row.earned_minor,
            row.held_minor,
            row.payable_minor + row.in_payout_minor,
            row.paid_minor,
        )
        for row in found
    ]


def referrals_of(partner: Partner) -> QuerySet[Referral]:
    """Whom the partner brought, the newest first."""
    return Referral.objects.filter(partner=partner).select_related("contact").order_by("-since", "-id")


def accruals_of(partner: Partner) -> QuerySet[Accrual]:
    """What the partner can earn on each order, the newest order first."""
    return (
        Accrual.objects.filter(partner=partner)
        .select_related("invoice__order__contact", "invoice__void", "program", "basis")
        .order_by("-invoice__order__ordered_on", "-invoice_id", "id")
    )


def entries_of(partner: Partner) -> QuerySet[CommissionEntry]:
    """Each step of what was earned, the newest first, with the payout that holds it."""
    live = PayoutLine.objects.filter(live=True).select_related("payout__batch")
    return (
        CommissionEntry.objects.filter(partner=partner)
        .select_related("basis", "accrual__invoice__order__contact")
        .prefetch_related(Prefetch("payout_lines", queryset=live, to_attr="live_lines"))
        .order_by("-entered_on", "-id")
    )


def payouts_of(partner: Partner) -> QuerySet[Payout]:
    """What was paid out or is about to be, the newest first."""
    return (
        Payout.objects.filter(partner=partner, batch__state__in=SHOWN_STATES)
        .select_related("batch")
        .order_by("-batch__number")
    )


def entries_in(payout: Payout) -> QuerySet[CommissionEntry]:
    """The entries that a payout pays, by day."""
    return (
        CommissionEntry.objects.filter(
            partner=payout.partner_id, payout_lines__payout=payout, payout_lines__live=True
        )
        .select_related("basis", "accrual__invoice__order__contact")
        .order_by("entered_on", "id")
    )
