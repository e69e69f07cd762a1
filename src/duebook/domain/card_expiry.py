"""Until when a card is good, and when to ask for a new one: one of 11/26 is good until 30 November 2026."""

from datetime import date, timedelta
from enum import StrEnum

SOON = timedelta(days=60)


class Expiry(StrEnum):
    GOOD = "good"
    SOON = "expires soon"
    """Within 60 days: time to ask for the next one."""
    EXPIRED = "expired"


def last_day(*, exp_month: int, exp_year: int) -> date:
    """The last day on which the card is good."""
    first_after = date(exp_year + exp_month // 12, exp_month % 12 + 1, 1)
    return first_after - timedelta(days=1)


def expiry_of(*, exp_month: int, exp_year: int, on: date) -> Expiry:
    """How near its end a card is on that day."""
    last = last_day(exp_month=exp_month, exp_year=exp_year)
    if on > last:
        return Expiry.EXPIRED
    return Expiry.SOON if last - on <= SOON else Expiry.GOOD
