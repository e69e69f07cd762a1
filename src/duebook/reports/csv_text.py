"""Rows as the text of a CSV file that spreadsheets open without running anything in it.

A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers and days are written
as such. The file begins with a byte order mark, by which spreadsheets know that it is UTF-8.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the wide forms, which spreadsheets in East Asia take for the others."""
BLANKS = " \u00a0\u3000\ufeff\u200b\n\v\f\0"
Cell = str | int | Decimal | date | None


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file, line by line, as the rows come."""
    writer: Any = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([str(name) for name in header])
    for row in rows:
        yield writer.writerow([plain(cell) for cell in row])


def plain(cell: Cell) -> str:
    """The cell as text: 12.50, 2026-11-23, and 'no formula for =1+1."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    # Spreadsheets skip leading blanks before they look for a formula.
    return f"'{cell}" if cell.lstrip(BLANKS).startswith(FORMULA_STARTS) else cell
