"""Count the dashboard's figures and keep them, one caller at a time."""

import time
from datetime import date

from django.db import transaction
from django.utils import timezone

from duebook.events.models import Event
from duebook.reports.models import Snapshot
from duebook.reports.queries.dashboard import count_figures

ONLY_ROW = 1


@transaction.atomic
def take_snapshot(*, on: date) -> Snapshot | None:
    """Replace the snapshot by one of this moment; None while another connection is taking one."""
    rows = Snapshot.objects.filter(pk=ONLY_ROW)
    if rows.select_for_update(skip_locked=True).first() is None and rows.exists():
        return None
    # The event is read before the rows: a snapshot may know more than it says, never less.
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first()
    began = time.monotonic()
    figures = count_figures(on)
    snapshot, _created = Snapshot.objects.update_or_create(
        pk=ONLY_ROW,
        defaults={
            "day": on,
            "taken_at": timezone.now(),
            "took_ms": round((time.monotonic() - began) * 1000),
            "last_event_id": newest or 0,
            "figures": figures.to_json(),
        },
    )
    return snapshot
