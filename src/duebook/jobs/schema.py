"""Brings the tables of the database up to this version of Duebook."""

from django.core.management import call_command
from django.db import connection

# Any number will do, as long as every Duebook takes the same.
MIGRATION_LOCK = 4702731


def migrate(*, verbosity: int) -> None:
    """Migrate; of several servers that start at once, one does it and the others wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=verbosity)
            call_command("createcachetable", verbosity=verbosity)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
