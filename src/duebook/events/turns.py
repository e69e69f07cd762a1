"""Rare writes that look at more than one row before they write: one of a kind at a time."""

from django.db import connection


def take_turn(of: str) -> None:
    """Wait until no other transaction has the turn of this name, and keep it until this one ends.

    Call it before anything is read: the same request sent twice at once then finds what the first one wrote,
    instead of being told that its name is taken.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [of])


def share_turn(of: str) -> None:
    """Wait until no other transaction has the turn, and let none take it until this one ends.

    Any may share it. For a write that relies on what the one with the turn would change.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [of])
