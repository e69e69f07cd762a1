"""The floor: a function in the database that writes exactly the rows that Duebook writes for one payment.

It is not written by hand. One payment is recorded by Duebook, every row that its transaction left is read
back, and the function inserts and updates those columns; so it cannot fall behind the tables.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from duebook.domain.money import Money
from duebook.domain.permissions import Actor
from duebook.domain.recording import PaymentInput
from duebook.payments.services.record_payment import record_payment

NAME = "bench_floor"

# The rows of a table that the current transaction wrote, or a savepoint in it, which has a later id.
_BEGUN = "SELECT pg_current_xact_id()::xid::text::bigint"
_WRITTEN = "SELECT to_jsonb(t) FROM {table} AS t WHERE xmin::text::bigint >= %s"
_TABLES = """
SELECT c.oid::regclass::text, c.oid FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
"""
# What an INSERT names: neither generated columns, nor those that take their default as in Duebook's own.
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attidentity <> '' OR d.adbin IS NOT NULL
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


@dataclass(frozen=True)
class WrittenRow:
    """One row that a payment wrote; ``before`` is what it was, None for a new one."""

    table: str
    oid: int
    row: dict[str, Any]
    before: dict[str, Any] | None


def rows_of_a_payment(*, wanted: PaymentInput, request_key: str, actor: Actor) -> list[WrittenRow]:
    """Every row that recording the payment writes, found by asking all tables; it is not kept."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        (share,) = wanted.shares
        cursor.execute("SELECT to_jsonb(t) FROM invoices_invoice AS t WHERE id = %s", [share.invoice_id])
        invoice = _json(cursor.fetchone()[0])
        with transaction.atomic():
            cursor.execute(_BEGUN)
            begun = cursor.fetchone()[0]
            record_payment(wanted=wanted, request_key=request_key, actor=actor, on=wanted.received_on)
            written = []
            for table, oid in tables:
                cursor.execute(_WRITTEN.format(table=table), [begun])
                for (row,) in cursor.fetchall():
                    is_invoice = table == "invoices_invoice"
                    written.append(WrittenRow(table, oid, _json(row), invoice if is_invoice else None))
            transaction.set_rollback(True)
    return written


def create_floor(written: list[WrittenRow], amount: Money) -> None:
    """Create ``bench_floor(invoice bigint, key text)``, which writes such rows for any invoice."""
    (payment,) = (one.row for one in written if one.table == "payments_payment")
    (invoice,) = (one for one in written if one.before is not None)
    body = "\n  ".join(
        [
            "SELECT * INTO STRICT i FROM invoices_invoice WHERE id = p_invoice FOR NO KEY UPDATE;",
            f"IF i.balance_due_minor < {amount.minor} THEN RAISE 'above balance'; END IF;",
            "v_id := nextval('payments_payment_id_seq');",
            "v_number := nextval('payment_number_seq');",
            *(_insert(one, payment, invoice.row) for one in written if one.before is None),
            _update(invoice),
            "RETURN v_id;",
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP FUNCTION IF EXISTS {NAME}")
        cursor.execute(
            f"CREATE FUNCTION {NAME}(p_invoice bigint, p_key text) RETURNS bigint LANGUAGE plpgsql AS $floor$"
            f"\nDECLARE i invoices_invoice%ROWTYPE; v_id bigint; v_number bigint;"
            f"\nBEGIN\n  {body}\nEND $floor$"
        )


def _insert(one: WrittenRow, payment: dict[str, Any], invoice: dict[str, Any]) -> str:
    names = []
    values = []
    for name, kind, has_default in _columns(one.oid):
        value = _expression(name, one.row[name], kind, payment, invoice)
        if has_default and not (one.table == "payments_payment" and name in {"id", "number"}):
            continue
        names.append(name)
        values.append(value)
    overriding = " OVERRIDING SYSTEM VALUE" if "id" in names else ""
    return f"INSERT INTO {one.table} ({', '.join(names)}){overriding} VALUES ({', '.join(values)});"


def _update(one: WrittenRow) -> str:
    before = one.before or {}
    generated = {name for name in one.row if name not in {column for column, _, _ in _columns(one.oid)}}
    changes = [
        f"{name} = {name} + {one.row[name] - before[name]}"
        for name in one.row
        if name not in generated and one.row[name] != before[name]
    ]
    return f"UPDATE {one.table} SET {', '.join(changes)} WHERE id = p_invoice;"


def _expression(name: str, value: Any, kind: str, payment: dict[str, Any], invoice: dict[str, Any]) -> str:
    """What stands for a column in the function: what it is about, or the value itself."""
    about = {
        "payment_id": "v_id",
        "invoice_id": "i.id" if value is not None else "NULL",
        "contact_id": "i.contact_id",
        "request_key": "p_key",
        "number": "v_number",
    }
    if name == "id" and value == payment["id"]:
        return "v_id"
    if name in about:
        return about[name]
    if isinstance(value, dict):
        return _document(value, payment, invoice)
    return _literal(value, kind)


def _document(value: Any, payment: dict[str, Any], invoice: dict[str, Any]) -> str:
    """A JSON document whose ids and numbers are those of the payment and the invoice at hand."""
    if isinstance(value, dict):
        parts = []
        for name, part in value.items():
            if (name, part) in (("payment_id", payment["id"]), ("number", payment["number"])):
                expression = "v_id" if name == "payment_id" else "v_number"
            elif (name, part) in (("invoice_id", invoice["id"]), ("number", invoice["number"])):
                expression = "i.id" if name == "invoice_id" else "i.number"
            else:
                expression = _document(part, payment, invoice)
            parts.append(f"{_literal(name, 'text')}, {expression}")
        return f"jsonb_build_object({', '.join(parts)})"
    if isinstance(value, list):
        return f"jsonb_build_array({', '.join(_document(part, payment, invoice) for part in value)})"
    return _literal(json.dumps(value), "jsonb")


def _literal(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    text = str(value).replace("'", "''") if not isinstance(value, bool) else str(value).lower()
    return f"'{text}'::{kind}"


def _columns(oid: int) -> list[tuple[str, str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [oid])
        return list(cursor.fetchall())


def _json(value: Any) -> dict[str, Any]:
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)
