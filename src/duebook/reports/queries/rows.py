"""Rows of one statement: all at once where they are few, streamed from a cursor on the server where not."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

CHUNK = 2000


def all_rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows, for statements that return few."""
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(parameters))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def streamed_rows(sql: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows one after the other; of any number of them only a chunk is in memory. All see one moment."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, dict(parameters))
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
