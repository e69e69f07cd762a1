"""Running the statements that are written by hand, each thread on one cursor that it keeps."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper


class _Kept(threading.local):
    """Each thread's cursor for these statements: a new one learns anew how each parameter is sent.

    That takes longer than sending them.
    """

    cursor: Any = None


_kept = _Kept()


def run(sql: str, parameters: Sequence[Any]) -> CursorWrapper:
    """Run the statement; the rows are read from what it returns before the next one is run."""
    connection.ensure_connection()
    if _kept.cursor is None or _kept.cursor.connection is not connection.connection:
        _kept.cursor = connection.create_cursor()
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    cursor: CursorWrapper = wrap(_kept.cursor)
    cursor.execute(sql, parameters)
    return cursor


def listed(ids: Iterable[int | str]) -> str:
    """An array as text: of a list the driver takes the type from its largest number, a statement for each.

    Of texts it takes single words, such as the values of an enum.
    """
    return f"{{{','.join(map(str, ids))}}}"
