"""Pages of rows that are computed rather than stored, so that only counting finds where a page begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.http import QueryDict

Row = TypeVar("Row")

SIZE = 50
# What a page skips is computed all the same; nobody reads this far, a file is better.
LAST_PAGE = 2000


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[Row]):
    """The rows of one page; ``previous`` and ``following`` are page numbers, None where there is none."""

    rows: Sequence[Row]
    previous: int | None
    following: int | None


def page_number(query: QueryDict) -> int:
    """The page that the address asks for; the first one where it makes no sense."""
    text = query.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), LAST_PAGE)


def window(number: int, *, size: int = SIZE) -> dict[str, int]:
    """Limit and offset of a page; one row more than the page shows whether another follows."""
    return {"limit": size + 1, "offset": (number - 1) * size}


def numbered(rows: Sequence[Row], number: int, *, size: int = SIZE) -> NumberedPage[Row]:
    """The page made of the rows that the window gave."""
    return NumberedPage(
        rows=rows[:size],
        previous=number - 1 if number > 1 else None,
        following=number + 1 if len(rows) > size else None,
    )
