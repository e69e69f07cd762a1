"""Running a rehearsal: at once where it is short, by the worker where it is not."""

from procrastinate.contrib.django import app

from duebook.reports.models import Rehearsal
from duebook.reports.services.run_rehearsal import CHUNK, run_rehearsal

_AT_ONCE = 2 * CHUNK


def run_now_or_later(rehearsal: Rehearsal) -> None:
    """Run it when its page would come within a second; else enqueue it, and the page shows how far it is."""
    if rehearsal.orders <= _AT_ONCE:
        run_rehearsal(rehearsal_id=rehearsal.pk)
    else:
        app.configure_task("run_rehearsal").defer(rehearsal_id=rehearsal.pk)
