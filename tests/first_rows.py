"""The rows that migrations make, kept aside so that a test that commits can be undone exactly.

Django's own flush is refused by the append-only triggers and would also lose these rows.
"""

from dataclasses import dataclass

from django.db import connection

from tests.past_the_guards import past_the_guards

KEPT = {"django_migrations"}


@dataclass(frozen=True)
class FirstRows:
    """The content of every table as the migrations leave it."""

    tables: list[str]
    rows: dict[str, bytes]

    @classmethod
    def take(cls) -> "FirstRows":
        """Read all tables of the test database."""
        rows: dict[str, bytes] = {}
        with connection.cursor() as cursor:
            tables = [name for name in connection.introspection.table_names(cursor) if name not in KEPT]
            for table in tables:
                with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                    content = b"".join(bytes(part) for part in copy)
                if content:
                    rows[table] = content
        return cls(tables, rows)

    def restore(self) -> None:
        """Empty every table and put the first rows back, past triggers and foreign keys."""
        names = ", ".join(f'"{table}"' for table in self.tables)
        with past_the_guards(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names}")
            for table, content in self.rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(content)
