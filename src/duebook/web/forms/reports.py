"""What a report is asked for: a day, or a period of days. Both come as a part of the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duebook.web.forms.fields import DayField

_SENSIBLE = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2199, 12, 31))]


class AsOfForm(forms.Form):
    """The day for which a report is wanted."""

    as_of = DayField(label=_("As of"), validators=_SENSIBLE)

    @classmethod
    def asked(cls, query: QueryDict, *, today: date) -> "AsOfForm":
        """The form with the day in the address, or today where there is none."""
        return cls(with_defaults(query, {"as_of": today.isoformat()}))


class PeriodForm(forms.Form):
    """The first and the last day of a period."""

    first = DayField(label=_("From"), validators=_SENSIBLE)
    last = DayField(label=_("To"), validators=_SENSIBLE)

    @classmethod
    def asked(cls, query: QueryDict, *, default: "Period") -> "PeriodForm":
        """The form with the days in the address, or the default period's where there are none."""
        days = {"first": default.first.isoformat(), "last": default.last.isoformat()}
        return cls(with_defaults(query, days))

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and first > last:
            raise ValidationError({"last": _("The last day is before the first. Turn them around.")})
        return values

    def period(self) -> "Period":
        """The days asked for; only of a valid form."""
        return Period(self.cleaned_data["first"], self.cleaned_data["last"])


def with_defaults(query: QueryDict, defaults: Mapping[str, str]) -> dict[str, str]:
    """What the address says under these names, and the default where it says nothing."""
    return {name: query.get(name, "").strip() or default for name, default in defaults.items()}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both among them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def this_month(today: date) -> Period:
    """From the first of the month until today."""
    return Period(today.replace(day=1), today)


def usual_periods(today: date) -> list[tuple[str | Promise, Period]]:
    """The periods that people ask for most, with their names."""
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    year = month.replace(month=1)
    return [
        (_("Last 30 days"), Period(today - timedelta(days=29), today)),
        (_("This month"), Period(month, today)),
        (_("Last month"), _before(month, months=1)),
        (_("This quarter"), Period(quarter, today)),
        (_("Last quarter"), _before(quarter, months=3)),
        (_("This year"), Period(year, today)),
        (_("Last year"), _before(year, months=12)),
    ]


def _before(start: date, *, months: int) -> Period:
    """The whole months that end the day before the start."""
    past = start.year * 12 + start.month - 1 - months
    return Period(date(past // 12, past % 12 + 1, 1), start - timedelta(days=1))
