"""SQL for tables whose rows are written once: triggers refuse UPDATE, DELETE and TRUNCATE.

Used by migrations only. The function lives in the schema of the tables.
"""

from django.db import migrations

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Rows of % are facts: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(table: str) -> migrations.RunSQL:
    """The operation that makes a table append-only."""
    return _triggers(
        table,
        {"no_change": "BEFORE UPDATE OR DELETE ON {} FOR EACH ROW", "no_truncate": _TRUNCATE},
    )


def facts_fixed(table: str, columns: list[str]) -> migrations.RunSQL:
    """The operation that fixes the named columns for ever, and refuses DELETE and TRUNCATE."""
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return _triggers(
        table,
        {
            "facts_fixed": f"BEFORE UPDATE ON {{}} FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))",
            "no_delete": "BEFORE DELETE ON {} FOR EACH ROW",
            "no_truncate": _TRUNCATE,
        },
    )


_TRUNCATE = "BEFORE TRUNCATE ON {} FOR EACH STATEMENT"


def _triggers(table: str, events: dict[str, str]) -> migrations.RunSQL:
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER {table}_{name} {event.format(table)} EXECUTE FUNCTION refuse_change()"
            for name, event in events.items()
        ],
        reverse_sql=[f"DROP TRIGGER {table}_{name} ON {table}" for name in reversed(events)],
    )
