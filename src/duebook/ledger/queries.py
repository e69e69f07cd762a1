"""Reads of the books."""

from datetime import date

from duebook.ledger.models import ClosedPeriod


def closed_until() -> date | None:
    """The last day of the closed period; None when the books are open from the beginning."""
    newest = ClosedPeriod.objects.order_by("-id").first()
    return newest.closed_until if newest else None


def closing_decisions(limit: int) -> list[ClosedPeriod]:
    """Who closed or reopened the books until when, newest first."""
    return list(ClosedPeriod.objects.order_by("-id")[:limit])
