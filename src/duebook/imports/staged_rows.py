"""The rows of a file brought together by order, in a temporary table, so that memory stays flat.

Rows of one order need not stand together. A row without an order number is an order of its own; its
identity is its content and how often it has occurred in the file, so equal rows stay apart and a second run
knows them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from duebook.domain.order_row import Column
from duebook.imports.order_file import OrderFile

NUMBERED = "number:"
_UNNUMBERED = "row:"
_FETCHED = 2000
_BETWEEN = "\x1f"

# The separator and what PostgreSQL cannot hold become a character that is refused later, as they would be.
_UNSTORABLE = str.maketrans({"\x00": "\x01", _BETWEEN: "\x01"})

_CREATE = "CREATE TEMP TABLE import_row (line bigint NOT NULL, key text NOT NULL, cells text NOT NULL)"
_COPY = "COPY import_row (line, key, cells) FROM STDIN"
# WITH HOLD keeps the result without keeping a transaction open over the whole import.
_SORT = """
DECLARE import_rows NO SCROLL CURSOR WITH HOLD FOR
SELECT line, key, occurrence, cells FROM (
  SELECT line, key, cells, row_number() OVER same AS occurrence, first_value(line) OVER same AS first_line
    FROM import_row WINDOW same AS (PARTITION BY key ORDER BY line)) AS grouped
 ORDER BY CASE WHEN starts_with(key, %s) THEN first_line ELSE line END, line
"""
_FETCH = f"FETCH {_FETCHED} FROM import_rows"


class StagedRow(NamedTuple):
    """One row: where it starts, to which order it belongs, and its values."""

    line: int
    key: str
    cells: list[str]


@contextmanager
def staged_rows(file: OrderFile) -> Iterator[tuple[int, Iterator[list[StagedRow]]]]:
    """How many rows the file has, and the rows of each order in the order of their first lines."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
        try:
            count = _stage(file, cursor)
            cursor.execute(_SORT, [NUMBERED])
            yield count, _by_order(cursor)
            cursor.execute("CLOSE import_rows")
        finally:
            cursor.execute("DROP TABLE IF EXISTS import_row")


def _stage(file: OrderFile, cursor: CursorWrapper) -> int:
    number_at = file.columns.get(Column.ORDER_NUMBER)
    count = 0
    with cursor.copy(_COPY) as copy:
        for line, cells in file.rows():
            number = cells[number_at] if number_at is not None and number_at < len(cells) else ""
            key = f"{NUMBERED}{number}" if number else f"{_UNNUMBERED}{file.identity(cells)}"
            content = _BETWEEN.join(cells)
            if "\x00" in content or content.count(_BETWEEN) >= len(cells):
                key = key.translate(_UNSTORABLE)
                content = _BETWEEN.join(cell.translate(_UNSTORABLE) for cell in cells)
            copy.write_row((line, key, content))
            count += 1
    return count


def _by_order(cursor: CursorWrapper) -> Iterator[list[StagedRow]]:
    for _key, rows in groupby(_sorted_rows(cursor), key=lambda row: row.key):
        yield list(rows)


def _sorted_rows(cursor: CursorWrapper) -> Iterator[StagedRow]:
    while True:
        cursor.execute(_FETCH)
        rows = cursor.fetchall()
        if not rows:
            return
        for line, key, occurrence, cells in rows:
            own = key if key.startswith(NUMBERED) else f"{key}:{occurrence}"
            yield StagedRow(line, own, cells.split(_BETWEEN))
