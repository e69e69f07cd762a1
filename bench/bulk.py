"""The import against its floor: COPY of finished rows to a staging table and INSERT … SELECT from it.

The floor's rows are those that an import has written, read back; only keys and ids are new. It checks
nothing, computes nothing and asks nothing.
"""

import csv
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import psycopg

from bench.rounds import Taken, Work
from duebook.imports.import_report import ImportReport
from duebook.imports.services import import_orders as service

CONTACTS = 1000

_STAGED = {
    "order_id": "nextval('orders_order_id_seq')",
    "invoice_id": "nextval('invoices_invoice_id_seq')",
    "payment_id": "nextval('payments_payment_id_seq')",
}
_FINISHED = """
SELECT o.contact_id, o.title, o.ordered_on, o.currency, o.source_key, s.product_id, s.description, s.quantity,
       s.unit_price, s.line_minor, i.due_on, t.debit_account_id, t.credit_account_id, e.request_key,
         e.input_hash,
       p.payment_type_id, p.amount_minor AS paid_minor, p.received_on, p.apply_to_commissions,
       r.debit_account_id AS paid_debit_id, pe.request_key AS paid_request_key,
         pe.input_hash AS paid_input_hash,
       pe.payload->>'payment_type' AS paid_type
  FROM orders_order o
  JOIN orders_orderitem s ON s.order_id = o.id
  JOIN invoices_invoice i ON i.order_id = o.id
  JOIN ledger_transfer t ON t.invoice_id = i.id AND t.kind = 'invoice_issued'
  JOIN events_event e ON e.order_id = o.id AND e.name = 'order.placed'
  LEFT JOIN payments_allocation a ON a.invoice_id = i.id
  LEFT JOIN payments_payment p ON p.id = a.payment_id
  LEFT JOIN ledger_transfer r ON r.payment_id = p.id AND r.kind = 'payment_received'
  LEFT JOIN events_event pe ON pe.payment_id = p.id AND pe.name = 'payment.recorded'
 WHERE o.source = 'import' AND starts_with(o.source_key, '{prefix}')
"""
_INSERTS_ORDERS = (
    """INSERT INTO orders_order (id, contact_id, title, ordered_on, currency, source, source_key)
       OVERRIDING SYSTEM VALUE
       SELECT order_id, contact_id, title, ordered_on, currency, 'import',
         @turn || source_key FROM bench_staging""",
    """INSERT INTO orders_orderitem (order_id, position, kind, product_id, description, quantity, unit_price,
         line_minor, apply_to_commissions)
       SELECT order_id, 1, 'product', product_id, description, quantity, unit_price, line_minor, true
         FROM bench_staging""",
    """INSERT INTO invoices_invoice (id, order_id, contact_id, currency, issued_on, due_on, total_minor,
         finance_minor, applied_minor, counted_minor, uncounted_minor, money_minor, money_back_minor)
       OVERRIDING SYSTEM VALUE
       SELECT invoice_id, order_id, contact_id, currency, ordered_on, due_on, line_minor, 0, 0, 0, 0, 0, 0
         FROM bench_staging""",
    """INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency,
         effective_on, contact_id, invoice_id)
       SELECT 'invoice_issued', debit_account_id, credit_account_id, line_minor, currency, ordered_on,
         contact_id,
         invoice_id FROM bench_staging""",
    """INSERT INTO events_event (name, actor_id, source, request_key, input_hash, contact_id, order_id,
      payload)
       SELECT 'order.placed', 0, 'import', @turn || request_key, input_hash, s.contact_id, s.order_id,
         jsonb_build_object('order_id', s.order_id, 'number', '#' || o.number, 'invoice_id', invoice_id,
           'invoice', 'INV-' || i.number, 'total_minor', line_minor, 'currency', s.currency)
         FROM bench_staging s JOIN orders_order o ON o.id = s.order_id JOIN invoices_invoice i ON i.id =
           invoice_id""",
)
_INSERTS_PAYMENTS = (
    """INSERT INTO payments_payment (id, contact_id, payment_type_id, kind, amount_minor, currency,
      received_on,
         reference, notes, apply_to_commissions, recorded_by_id, source, allocated_minor, refunded_minor,
         returned_minor, reversed_minor)
       OVERRIDING SYSTEM VALUE
       SELECT payment_id, contact_id, payment_type_id, 'money', paid_minor, currency, received_on, '', '',
         apply_to_commissions, 0, 'import', paid_minor, 0, 0, 0 FROM bench_staging""",
    """INSERT INTO payments_allocation (payment_id, invoice_id, amount_minor, apply_to_commissions,
      applied_on)
       SELECT payment_id, invoice_id, paid_minor, apply_to_commissions, greatest(received_on, ordered_on)
         FROM bench_staging""",
    """INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency,
         effective_on, contact_id, invoice_id, payment_id)
       SELECT v.kind, v.debit, v.credit, paid_minor, currency, received_on, contact_id, v.invoice_id,
         payment_id
         FROM bench_staging s CROSS JOIN LATERAL (VALUES
           ('payment_received', s.paid_debit_id, 5::bigint, NULL::bigint), ('allocated', 5, 4, s.invoice_id))
           AS v(kind, debit, credit, invoice_id)""",
    """UPDATE invoices_invoice i SET applied_minor = applied_minor + paid_minor,
         counted_minor = counted_minor + paid_minor, money_minor = money_minor + paid_minor
         FROM bench_staging s WHERE i.id = s.invoice_id""",
    """INSERT INTO events_event (name, actor_id, source, request_key, input_hash, contact_id, payment_id,
      payload)
       SELECT 'payment.recorded', 0, 'import', @turn || paid_request_key, paid_input_hash, s.contact_id,
         s.payment_id, jsonb_build_object('payment_id', s.payment_id, 'number', p.number,
           'amount_minor', paid_minor, 'currency', s.currency, 'payment_type', paid_type,
           'received_on', s.received_on, 'credit_minor', 0, 'applied', jsonb_build_array(jsonb_build_object(
           'invoice_id', s.invoice_id, 'number', i.number, 'amount_minor', paid_minor)))
         FROM bench_staging s JOIN payments_payment p ON p.id = s.payment_id
         JOIN invoices_invoice i ON i.id = s.invoice_id""",
)


@dataclass(frozen=True)
class ImportKind:
    """Orders alone, or each with a payment of all of it."""

    name: str
    paid: str


ORDERS = ImportKind("orders", "")
PAID_ORDERS = ImportKind("paid-orders", "yes")


def import_work(folder: Path, kind: ImportKind, *, rows: int, today: date) -> Work:
    """The work of importing a new file each time; verifying the books afterwards is not counted."""
    turns = itertools.count()

    def work(_seconds: float) -> Taken:
        path = folder / "orders.csv"
        write_file(path, kind, rows=rows, today=today, prefix=f"{kind.name}-{uuid4()}-{next(turns)}")
        seconds, report = timed_import(path, today)
        if report.created != rows or report.refused_rows:
            raise AssertionError(str(report))
        return Taken(rows, seconds)

    return work


def timed_import(path: Path, today: date) -> tuple[float, ImportReport]:
    """Import, and how long it took until the last row was in."""
    ended = started = time.perf_counter()

    def note(_done: int, _total: int) -> None:
        nonlocal ended
        ended = time.perf_counter()

    report = service.import_orders(path=path, on=today, on_progress=note)
    return ended - started, report


def write_file(path: Path, kind: ImportKind, *, rows: int, today: date, prefix: str) -> None:
    """Orders of known contacts and products, each with a number that no other file has."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["order_number", "customer_id", "order_date", "item", "quantity", "amount", "currency", "paid"]
        )
        for n in range(rows):
            contact = 1 + n * 7919 % CONTACTS
            amount = f"{10 + n % 400}.{n % 100:02d}"
            item = f"SKU-{1 + n % 100}"
            writer.writerow(
                [f"{prefix}-{n}", f"C-{contact}", today, item, 1 + n % 3, amount, "USD", kind.paid]
            )


def floor_work(rows: psycopg.Connection, kind: ImportKind, *, prefix: str) -> Work:
    """The floor's work on the rows of the orders whose number begins so."""
    finished = f"number:{prefix}"
    query = _FINISHED.replace("{prefix}", finished)
    columns = [column.name for column in rows.execute(f"{query} LIMIT 0").description or ()]
    with rows.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
        content = b"".join(bytes(part) for part in copy)
    count = content.count(b"\n")
    turns = itertools.count()
    inserts = [*_INSERTS_ORDERS, *(_INSERTS_PAYMENTS if kind.paid else ())]

    def work(_seconds: float) -> Taken:
        rows.execute("DROP TABLE IF EXISTS bench_staging")
        rows.execute(f"CREATE TEMP TABLE bench_staging AS {query} LIMIT 0")
        for name, default in _STAGED.items():
            rows.execute(f"ALTER TABLE bench_staging ADD {name} bigint NOT NULL DEFAULT {default}")
        turn = f"'{uuid4().hex[:6]}{next(turns)}'"
        started = time.perf_counter()
        with rows.transaction():
            with rows.cursor().copy(f"COPY bench_staging ({', '.join(columns)}) FROM STDIN") as copy:
                copy.write(content)
            for statement in inserts:
                rows.execute(statement.replace("@turn", turn), prepare=False)
        return Taken(count, time.perf_counter() - started)

    return work


Say = Callable[[str], None]
