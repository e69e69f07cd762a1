"""Long lists by keyset: a page begins where the last one ended, so page 1,000 costs what page 1 does.

The cursor is the key of a row as text. A cursor that makes no sense is ignored and shows the first page.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows; ``older`` is the cursor to go on, ``newer`` the one to go back, empty if there is none."""

    rows: list[Row]
    older: str
    newer: str


def page_of(
    rows: QuerySet[Row, Row], keys: Sequence[str], asked: QueryDict, *, size: int = PAGE_SIZE
) -> Page[Row]:
    """One page of the rows in the order of the keys; ``-`` before each key means the largest first.

    All keys go the same way and the last one is unique. ``asked`` may hold ``before`` (go on after this row)
    or ``after`` (go back before it).
    """
    names = [key.removeprefix("-") for key in keys]
    forward, backward = _cursor(asked.get("before", ""), names), _cursor(asked.get("after", ""), names)
    going_back = backward is not None and forward is None
    order = [_turned(key) if going_back else key for key in keys]
    start = backward if going_back else forward
    if start is not None:
        try:
            rows = rows.filter(_past(order, start))
        except (TypeError, ValueError, OverflowError, ValidationError):
            # A made-up cursor whose values do not fit their columns.
            start, going_back = None, False
            order = list(keys)
    found = list(rows.order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if going_back:
        found.reverse()
    has_newer = more if going_back else start is not None
    has_older = True if going_back else more
    return Page(
        rows=found,
        older=_text(found[-1], names) if found and has_older else "",
        newer=_text(found[0], names) if found and has_newer else "",
    )


def _turned(key: str) -> str:
    return key.removeprefix("-") if key.startswith("-") else f"-{key}"


def _past(order: Sequence[str], start: Sequence[Any]) -> Q:
    """Rows after the start: (a, b) > (x, y), said so that an index on a is used."""
    operator = "lt" if order[0].startswith("-") else "gt"
    names = [key.removeprefix("-") for key in order]
    condition = Q(**{f"{names[-1]}__{operator}": start[-1]})
    for name, value in zip(reversed(names[:-1]), reversed(start[:-1]), strict=True):
        condition = Q(**{f"{name}__{operator}": value}) | (Q(**{name: value}) & condition)
    return Q(**{f"{names[0]}__{operator}e": start[0]}) & condition


def _text(row: Model, names: Sequence[str]) -> str:
    values = [reduce(getattr, name.split("__"), row) for name in names]
    return json.dumps([f"@{value.isoformat()}" if isinstance(value, date) else value for value in values])


def _cursor(text: str, names: Sequence[str]) -> list[Any] | None:
    """The key that a cursor stands for; None where someone made it up."""
    if not text or len(text) > 500 or "\\u0000" in text or "\x00" in text:
        return None
    try:
        values = json.loads(text)
        # Half of a surrogate pair is text for Python and JSON, and for no database.
        json.dumps(values, ensure_ascii=False).encode()
    except ValueError:
        return None
    if not isinstance(values, list) or len(values) != len(names):
        return None
    return [_value(value) for value in values]


def _value(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        try:
            return date.fromisoformat(value[1:])
        except ValueError:
            return value
    return value
