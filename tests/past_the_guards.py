"""Change rows past triggers and foreign keys: for what a test may do to the database and Duebook never."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def past_the_guards() -> Iterator[None]:
    """What runs in this block on this connection is checked by CHECKs and unique keys alone."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")
