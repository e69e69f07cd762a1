"""SQL for tables whose rows are written once: triggers refuse UPDATE, DELETE and TRUNCATE.

Used by migrations only. The function lives in the schema of the tables; no SQL here names a schema.
"""

from django.db import migrations

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Rows of % are facts: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(table: str) -> migrations.RunSQL:
    """The operation that makes a table append-only."""
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        ],
        reverse_sql=[
            f"DROP TRIGGER {table}_no_truncate ON {table}",
            f"DROP TRIGGER {table}_no_change ON {table}",
        ],
    )


def facts_fixed(table: str, columns: list[str]) -> migrations.RunSQL:
    """The operation that fixes the named columns for ever, and refuses DELETE and TRUNCATE."""
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER {table}_facts_fixed BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        ],
        reverse_sql=[
            f"DROP TRIGGER {table}_no_truncate ON {table}",
            f"DROP TRIGGER {table}_no_delete ON {table}",
            f"DROP TRIGGER {table}_facts_fixed ON {table}",
        ],
    )
