"""The check that a date lies in an open period; a trigger on the transfers is the last guard."""

from datetime import date

from duebook.domain.errors import PeriodClosed
from duebook.ledger.queries import closed_until


def require_open(day: date, *, field: str = "received_on") -> None:
    """Raise PeriodClosed when the books are closed on that day; ``field`` is where a form shows it."""
    last_day = closed_until()
    if last_day is not None and day <= last_day:
        raise PeriodClosed(field=field, closed_until=last_day)
