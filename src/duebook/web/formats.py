"""Figures and dates as the business's locale writes them.

A figure stands without a sign of its currency while it is in the business's own currency; any other
currency always shows, so that two amounts never look alike that are not.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_name

from duebook.domain.money import Money
from duebook.ledger.currencies import format_figure, format_money
from duebook.staff.models import Business

ENGLISH = ("en", "en_")
"""How the names of English locales begin."""
_DAYS_KEPT = 4000


def figure(money: Money, business: Business) -> str:
    """1,200.00, or €1,200.00 where the business's currency is another."""
    if money.currency == business.currency:
        return format_figure(money.minor, money.currency, locale=business.locale)
    return format_money(money, locale=business.locale)


def figure_with_sign(money: Money, business: Business) -> str:
    """$1,200.00"""
    return format_money(money, locale=business.locale)


def short_date(day: date, business: Business) -> str:
    """13 Oct 2026 in English, the locale's own medium form elsewhere."""
    return _written(day, "d MMM y" if business.locale.startswith(ENGLISH) else "medium", business.locale)


def day_and_month(day: date, today: date, business: Business) -> str:
    """16 Dec, with the year where it is not this one."""
    if day.year != today.year or not business.locale.startswith(ENGLISH):
        return short_date(day, business)
    return _written(day, "d MMM", business.locale)


@lru_cache(maxsize=_DAYS_KEPT)
def _written(day: date, form: str, locale: str) -> str:
    # A page of 50 rows shows the same few days again and again, and Babel takes its time over each.
    return format_date(day, form, locale=locale)


def instant(moment: datetime, business: Business) -> str:
    """13 Oct 2026, 14:05 in the business's time zone."""
    local = moment.astimezone(ZoneInfo(business.time_zone))
    clock = format_datetime(local, "HH:mm", locale=business.locale)
    return f"{short_date(local.date(), business)}, {clock}"


def deadline(moment: datetime, business: Business) -> str:
    """13 Oct 2026, 14:05 PDT: with the zone, since somebody elsewhere set it."""
    local = moment.astimezone(ZoneInfo(business.time_zone))
    return f"{instant(moment, business)} {get_timezone_name(local, width='short', locale=business.locale)}"
