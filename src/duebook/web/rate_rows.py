"""A page with a form and rows of rates: adding spare rows without JavaScript, saving both together."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from duebook.domain.errors import (
    DomainError,
    FixedAmountNeedsCurrency,
    LevelAboveProgram,
    PercentOutOfRange,
    ProgramNeedsRules,
    RateMissing,
    RatesAboveWhole,
    RuleTwice,
)
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.rates import MOST_ROWS, SPARE_ROWS, BaseRateRows
from duebook.web.request import StaffRequest

PREFIX = "rows"
_COUNT = f"{PREFIX}-TOTAL_FORMS"
_OF_ROWS = (
    *(ProgramNeedsRules, RatesAboveWhole, RuleTwice, LevelAboveProgram),
    *(RateMissing, PercentOutOfRange, FixedAmountNeedsCurrency),
)


def only_adds_rows(request: StaffRequest) -> bool:
    """Whether the page wants more rows, and nothing saved."""
    return "add_rows" in request.POST


def sent_rows(request: StaffRequest) -> QueryDict | None:
    """The rows as sent, with more spare ones when that was asked; None in a fresh page."""
    if request.method != "POST":
        return None
    data: QueryDict = request.POST
    if only_adds_rows(request):
        data = data.copy()
        rows = data.get(_COUNT, "")
        data[_COUNT] = str(min(MOST_ROWS, (int(rows) if rows.isdigit() else 0) + SPARE_ROWS))
    return data


def carry_out_with_rows(
    request: StaffRequest,
    form: KeyedForm,
    rows: BaseRateRows[Any],
    write: Callable[[], object],
    refuse: Callable[[DomainError], None],
) -> bool:
    """Whether both were valid and the write was done; ``refuse`` takes a refusal that is about the rows."""
    if not all([form.is_valid(), rows.is_valid()]):
        return False

    def with_rows() -> bool | None:
        try:
            write()
        except _OF_ROWS as error:
            refuse(error)
            return None
        return True

    return form.carry_out(request.business, with_rows) is not None


def status_with_rows(form: KeyedForm, rows: BaseRateRows[Any]) -> int:
    """The form's status; 422 where only the rows have errors."""
    if form.status != 200 or not form.is_bound:
        return form.status
    return 422 if rows.refusals or not rows.is_valid() else 200
