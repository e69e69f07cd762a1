"""Where the ids of rows to be inserted come from: the sequences, or, in a dry run, nowhere."""

from collections.abc import Sequence
from itertools import count
from typing import Protocol

from django.db import connection

_NEXT = """
SELECT nextval(s.name::regclass) FROM generate_series(1, %s) AS n
 CROSS JOIN unnest(%s::text[]) WITH ORDINALITY AS s(name, place) ORDER BY n, s.place
"""


class NewIds(Protocol):
    """Gives ids and numbers before their rows are written."""

    def take(self, sequences: Sequence[str], rows: int) -> list[tuple[int, ...]]:
        """So many rows of one value of each sequence."""


class IdsOfSequences:
    """The ids that the rows will have. A number that is not used is a gap."""

    def take(self, sequences: Sequence[str], rows: int) -> list[tuple[int, ...]]:
        if rows == 0:
            return []
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [rows, list(sequences)])
            values = [value for (value,) in cursor.fetchall()]
        return [tuple(values[at : at + len(sequences)]) for at in range(0, len(values), len(sequences))]


class IdsOfNothing:
    """Ids that no row has or will have, so that a dry run takes no number."""

    def __init__(self) -> None:
        self._next = count(-1, -1)

    def take(self, sequences: Sequence[str], rows: int) -> list[tuple[int, ...]]:
        return [tuple(next(self._next) for _ in sequences) for _ in range(rows)]
