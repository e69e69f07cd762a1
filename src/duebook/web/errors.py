"""The one place where refusals of the rules become words and HTTP statuses for the pages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.forms import BaseForm
from django.utils.translation import gettext

from duebook.domain.errors import Conflict, DomainError, Forbidden, NotFound
from duebook.domain.money import Money
from duebook.staff.models import Business
from duebook.web.formats import figure, instant, short_date

_STATUS: tuple[tuple[type[DomainError], int], ...] = ((Forbidden, 403), (NotFound, 404), (Conflict, 409))


def status_of(error: DomainError) -> int:
    """403 for a missing right, 404, 409 where someone else was faster, else 422."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 422


def text_of(error: DomainError, business: Business) -> str:
    """What is wrong and what to do, with amounts and dates as the business writes them."""
    values = {name: _in_words(value, business) for name, value in error.values.items()}
    return gettext(error.message).format(**values)


def _in_words(value: Any, business: Business) -> Any:
    if isinstance(value, Money):
        return figure(value, business)
    if isinstance(value, datetime):
        return instant(value, business)
    if isinstance(value, date):
        return short_date(value, business)
    return value


def add_to_form(
    form: BaseForm, error: DomainError, business: Business, *, fields: Mapping[str, str] | None = None
) -> int:
    """Put the refusal beside its field, or above the form where it has none, and return the status.

    ``fields`` renames the service's field names to the form's where they differ.
    """
    name = (fields or {}).get(error.field, error.field)
    form.add_error(name if name in form.fields else None, text_of(error, business))
    return status_of(error)
