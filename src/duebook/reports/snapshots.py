"""When the dashboard's snapshot is good enough, and when it is taken again: it is at most five minutes old.

Where counting is cheap, as in a small business, it is taken again whenever something has happened, so that
the figures are those of now. Where it is not, the worker takes it in time, and a page hardly ever has to.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Subquery
from django.utils import timezone

from duebook.events.models import Event
from duebook.reports.dashboard_figures import DashboardFigures
from duebook.reports.models import Snapshot
from duebook.reports.queries.dashboard import count_figures
from duebook.reports.services.take_snapshot import ONLY_ROW, take_snapshot

OLDEST = timedelta(minutes=5)
WORKER_RETAKES_AFTER = timedelta(minutes=2)
CHEAP_MS = 40
"""Counting that takes no longer than this is done again for every page that needs it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The dashboard's figures and the instant at which they were right."""

    figures: DashboardFigures
    taken_at: datetime


def dashboard_figures(*, on: date) -> Figures:
    """The figures for the business's day: one query, unless the snapshot has to be taken again."""
    kept, has_news = _kept()
    if kept is not None and not _too_old(kept, on, has_news=has_news) and (known := _figures_in(kept)):
        return known
    taken = take_snapshot(on=on) or kept
    known = _figures_in(taken) if taken is not None else None
    # Another connection is taking the very first snapshot, or the first of a new version.
    return known or Figures(count_figures(on), timezone.now())


def refresh_snapshot(*, on: date) -> bool:
    """For the worker: take the snapshot if something has happened or it is getting old; whether it did."""
    kept, has_news = _kept()
    if kept is not None and kept.day == on and not has_news and _age(kept) < WORKER_RETAKES_AFTER:
        return False
    return take_snapshot(on=on) is not None


def _kept() -> tuple[Snapshot | None, bool]:
    """The snapshot, and whether something has happened since."""
    newest = Subquery(Event.objects.order_by("-id").values("id")[:1])
    kept = Snapshot.objects.filter(pk=ONLY_ROW).annotate(newest_event_id=newest).first()
    if kept is None:
        return None, False
    return kept, (kept.newest_event_id or 0) != kept.last_event_id


def _too_old(kept: Snapshot, on: date, *, has_news: bool) -> bool:
    return kept.day != on or _age(kept) > OLDEST or (has_news and kept.took_ms <= CHEAP_MS)


def _age(kept: Snapshot) -> timedelta:
    return timezone.now() - kept.taken_at


def _figures_in(kept: Snapshot) -> Figures | None:
    """What the snapshot holds; None when another version of Duebook wrote it."""
    try:
        return Figures(DashboardFigures.from_json(kept.figures), kept.taken_at)
    except (KeyError, TypeError):
        return None
