"""What charts.js draws, as plain data, and the same figures as the rows of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date

from duebook.domain.money import to_decimal
from duebook.ledger.currencies import exponent
from duebook.staff.models import Business
from duebook.web.formats import ENGLISH


@dataclass(frozen=True, slots=True)
class Stack:
    """One colour of the bars: its name and a value for each bar, in minor units."""

    label: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars of several colours on top of each other."""

    labels: list[str]
    stacks: list[Stack]
    currency: str
    locale: str

    @property
    def data(self) -> dict[str, Any]:
        """For charts.js. Amounts are decimals as text: a chart may round them, a data block may not."""
        places = exponent(self.currency)
        return {
            "labels": self.labels,
            "currency": self.currency,
            "locale": self.locale.replace("_", "-"),
            "stacks": [
                {"label": stack.label, "values": [str(to_decimal(minor, places)) for minor in stack.values]}
                for stack in self.stacks
            ],
        }

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """Each bar that is not empty, with its values, for the table beside the chart."""
        values = zip(*(stack.values for stack in self.stacks), strict=True)
        return [
            (label, list(row))
            for label, row in zip(self.labels, values, strict=bool(self.stacks))
            if any(row)
        ]


def day_labels(days: Iterable[date], business: Business) -> list[str]:
    """25 Oct in English, the locale's own short form elsewhere."""
    pattern = "d MMM" if business.locale.startswith(ENGLISH) else "short"
    return [format_date(day, pattern, locale=business.locale) for day in days]


def month_labels(months: Iterable[date], business: Business) -> list[str]:
    """Oct 2026"""
    return [format_date(month, "MMM y", locale=business.locale) for month in months]
