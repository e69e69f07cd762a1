"""Books of any size, made by statements over sets: the rows that the services would write, with their events.

Nothing is random: row n is the same in every run. Foreign keys are not checked while the rows go in, which is
most of the time it would take; ``duebook verify`` recomputes everything afterwards.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import psycopg

CONTACTS_FOR = 5
"""So many invoices has a contact."""
PRODUCTS = 100
PARTNERS = 200
DAYS = 1095

# Evenly spread and without any pattern that the numbers of rows have.
_CHANCE = "((hashint8extended(g, {seed}) & 9223372036854775807) % 1000)"

_PLAN = f"""
CREATE UNLOGGED TABLE bench_plan AS
SELECT g,
       1 + (hashint8extended(g, 1) & 9223372036854775807) % @contacts AS contact_id,
       1 + (hashint8extended(g, 2) & 9223372036854775807) % {PRODUCTS} AS product_id,
       1000 + 100 * ((hashint8extended(g, 3) & 9223372036854775807) % 2000) AS total_minor,
       @today::date - ((@invoices - g) * {DAYS} / @invoices)::int AS ordered_on,
       {_CHANCE.format(seed=4)} < 200 AS is_open,
       {_CHANCE.format(seed=5)} < 300 AS is_partly_paid,
       {_CHANCE.format(seed=6)} < 250 AS has_partners,
       (hashint8extended(g, 7) & 9223372036854775807) % 28 AS waited_days,
       2 + (hashint8extended(g, 8) & 9223372036854775807) % 4 AS payment_type_id
  FROM generate_series(1, @invoices) AS g
"""

# Open invoices are large enough to take thousands of small payments.
_PAID = """
CREATE UNLOGGED TABLE bench_paid AS
SELECT row_number() OVER (ORDER BY g) AS id, p.*,
       CASE WHEN is_open THEN total_minor / 2 ELSE total_minor END AS paid_minor,
       least(ordered_on + waited_days::int, @today::date) AS received_on
  FROM bench_plan p WHERE NOT is_open OR is_partly_paid
"""

_STEPS: tuple[tuple[str, str], ...] = (
    ("plan", _PLAN),
    ("plan", "UPDATE bench_plan SET total_minor = total_minor + 10000000 WHERE is_open"),
    ("plan", _PAID),
    (
        "products",
        f"""
INSERT INTO catalog_product (id, name, sku, price_minor, currency, taxable, active, description)
OVERRIDING SYSTEM VALUE
SELECT g, 'Product ' || g, 'SKU-' || g, 1000 + g, 'USD', true, true, '' FROM generate_series(1, {PRODUCTS}) g
""",
    ),
    (
        "contacts",
        """
INSERT INTO contacts_contact (id, given_name, family_name, company, email, phone, line1, line2, city, region,
  postal_code, country, tags, notes, external_id)
OVERRIDING SYSTEM VALUE
SELECT g, given, family, CASE WHEN g % 4 = 0 THEN family || ' & ' || given || ' ' || g ELSE '' END,
       lower(given || '.' || family) || g || '@example.com', '+1 503 555 ' || lpad((g % 10000)::text, 4, '0'),
       g || ' Mill Lane', '', 'Portland', 'OR', '97205', 'United States', '{}', '', 'C-' || g
  FROM (SELECT g,
               (ARRAY['Ana','Ben','Carla','David','Elin','Farid','Grace','Hugo','Ines','Jonas','Kwame','Linh',
                      'Marta','Nils','Olga','Pavel','Quinn','Ruth','Sofia','Tomas','Uma','Viktor','Wanda','Xenia',
                      'Yuki','Zoe'])[1 + (hashint8extended(g, 11) & 9223372036854775807) % 26] AS given,
               (ARRAY['Abbott','Brandt','Calder','Dubois','Ellis','Fischer','Garcia','Hansen','Ito','Jensen','Keller',
                      'Lindqvist','Moreau','Nguyen','Okafor','Petrov','Quist','Ruiz','Silva','Tanaka','Ueda','Vargas',
                      'Weber','Xu','Young','Zimmer'])[1 + (hashint8extended(g,
                        12) & 9223372036854775807) % 26]
               || (ARRAY['','s','son','mann','berg','ova'])[1 + (hashint8extended(g,
                 13) & 9223372036854775807) % 6]
               AS family
          FROM generate_series(1, @contacts) AS g) AS named
""",
    ),
    (
        "contacts",
        """
INSERT INTO partners_partner (id, contact_id, name, code, status, notes, notify_on_lead, notify_on_sale,
  payout_method, payout_details, global_override)
OVERRIDING SYSTEM VALUE
SELECT id, id, name, 'PARTNER' || id, 'active', '', false, true, 'bank', '', false
  FROM contacts_contact WHERE id <= @partners ORDER BY id
""",
    ),
    (
        "orders",
        """
INSERT INTO orders_order (id, number, contact_id, title, ordered_on, currency, source, source_key,
  lead_partner_id, sale_partner_id)
OVERRIDING SYSTEM VALUE
SELECT g, 1000 + g, contact_id, 'Order of product ' || product_id, ordered_on, 'USD', 'import', 'bench:' || g,
       CASE WHEN has_partners THEN 1 + g % @partners END,
       CASE WHEN has_partners THEN 1 + (g + 7) % @partners END
  FROM bench_plan ORDER BY g
""",
    ),
    (
        "items",
        """
INSERT INTO orders_orderitem (order_id, position, kind, product_id, description, quantity, unit_price,
  line_minor,
  apply_to_commissions)
SELECT g, 1, 'product', product_id, 'Product ' || product_id, 1, total_minor::numeric / 100, total_minor, true
  FROM bench_plan ORDER BY g
""",
    ),
    (
        "invoices",
        """
INSERT INTO invoices_invoice (id, number, order_id, contact_id, currency, issued_on, due_on, total_minor,
  finance_minor, applied_minor, counted_minor, uncounted_minor, money_minor, money_back_minor)
OVERRIDING SYSTEM VALUE
SELECT p.g, 1000 + p.g, p.g, p.contact_id, 'USD', p.ordered_on, p.ordered_on + 30, p.total_minor, 0,
       coalesce(paid_minor, 0), coalesce(paid_minor, 0), 0, coalesce(paid_minor, 0), 0
  FROM bench_plan p LEFT JOIN bench_paid d USING (g) ORDER BY p.g
""",
    ),
    (
        "transfers",
        """
INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,
  contact_id, invoice_id)
SELECT 'invoice_issued', 4, 8, total_minor, 'USD', ordered_on, contact_id, g FROM bench_plan ORDER BY g
""",
    ),
    (
        "events",
        """
INSERT INTO events_event (name, actor_id, source, occurred_at, request_key, input_hash, contact_id,
  order_id, payload)
SELECT 'order.placed', 0, 'import', ordered_on, 'bench:order:' || g, md5(g::text) || md5('order' || g),
  contact_id,
       g, jsonb_build_object('order_id', g, 'number', '#' || 1000 + g, 'invoice_id', g,
         'invoice', 'INV-' || 1000 + g, 'total_minor', total_minor, 'currency', 'USD')
  FROM bench_plan ORDER BY g
""",
    ),
    (
        "payments",
        """
INSERT INTO payments_payment (id, number, contact_id, payment_type_id, kind, amount_minor, currency,
  received_on,
  reference, notes, apply_to_commissions, recorded_by_id, recorded_at, source, allocated_minor,
    refunded_minor,
  returned_minor, reversed_minor)
OVERRIDING SYSTEM VALUE
SELECT id, 1000 + id, contact_id, payment_type_id, 'money', paid_minor, 'USD', received_on, '', '', true, 0,
       received_on, 'import', paid_minor, 0, 0, 0
  FROM bench_paid ORDER BY id
""",
    ),
    (
        "allocations",
        """
INSERT INTO payments_allocation (payment_id, invoice_id, amount_minor, apply_to_commissions, applied_on,
  recorded_at)
SELECT id, g, paid_minor, true, received_on, received_on FROM bench_paid ORDER BY id
""",
    ),
    (
        "transfers",
        """
INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,
  contact_id, invoice_id, payment_id)
SELECT v.kind, v.debit, v.credit, paid_minor, 'USD', received_on, contact_id, v.invoice_id, p.id
  FROM bench_paid p
  JOIN payments_paymenttype t ON t.id = p.payment_type_id
 CROSS JOIN LATERAL (VALUES ('payment_received', t.account_id, 5::bigint, NULL::bigint), ('allocated', 5,
   4, g))
    AS v(kind, debit, credit, invoice_id)
 ORDER BY p.id
""",
    ),
    (
        "events",
        """
INSERT INTO events_event (name, actor_id, source, occurred_at, request_key, input_hash, contact_id,
  payment_id,
  payload)
SELECT 'payment.recorded', 0, 'import', received_on, 'bench:payment:' || p.id,
  md5(p.id::text) || md5('pay' || p.id),
       contact_id, p.id, jsonb_build_object('payment_id', p.id, 'number', 1000 + p.id, 'amount_minor',
         paid_minor,
         'currency', 'USD', 'payment_type', t.label, 'received_on', received_on, 'credit_minor', 0, 'applied',
         jsonb_build_array(jsonb_build_object('invoice_id', g, 'number', 1000 + g, 'amount_minor',
           paid_minor)))
  FROM bench_paid p JOIN payments_paymenttype t ON t.id = p.payment_type_id ORDER BY p.id
""",
    ),
)

_SEQUENCES = {
    "catalog_product_id_seq": "catalog_product",
    "contacts_contact_id_seq": "contacts_contact",
    "partners_partner_id_seq": "partners_partner",
    "orders_order_id_seq": "orders_order",
    "invoices_invoice_id_seq": "invoices_invoice",
    "payments_payment_id_seq": "payments_payment",
}
_NUMBERS = {
    "order_number_seq": "orders_order",
    "invoice_number_seq": "invoices_invoice",
    "payment_number_seq": "payments_payment",
}


def build_books(
    connection: psycopg.Connection,
    *,
    invoices: int,
    today: str,
    say: Callable[[str], None],
    partners: int = PARTNERS,
) -> None:
    """Fill a migrated, empty database with so many invoices, 20 % of them open."""
    contacts = max(partners, invoices // CONTACTS_FOR)
    values = {
        "@invoices": str(invoices),
        "@contacts": str(contacts),
        "@partners": str(partners),
        "@today": f"'{today}'",
    }
    fill(connection, _STEPS, values, say=say)
    connection.execute("DROP TABLE bench_plan, bench_paid")
    for sequence, table in _SEQUENCES.items():
        connection.execute(f"SELECT setval('{sequence}', (SELECT max(id) FROM {table}))")
    for sequence, table in _NUMBERS.items():
        connection.execute(f"SELECT setval('{sequence}', (SELECT max(number) FROM {table}))")
    tidy(connection, say=say)


def fill(
    connection: psycopg.Connection,
    steps: Sequence[tuple[str, str]],
    values: Mapping[str, str],
    *,
    say: Callable[[str], None],
) -> None:
    """Run the statements with the values put in, without checking foreign keys."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("SET work_mem = '256MB'")
    started = time.monotonic()
    for label, template in steps:
        statement = template
        for name, value in values.items():
            statement = statement.replace(name, value)
        cursor = connection.execute(statement)
        say(f"  {label}: {cursor.rowcount:,} rows, {time.monotonic() - started:.0f} s")
    connection.execute("SET session_replication_role = origin")


def tidy(connection: psycopg.Connection, *, say: Callable[[str], None]) -> None:
    """Leave the tables as a database that has been in use for long: vacuumed, analysed and on the disk."""
    started = time.monotonic()
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")
    say(f"  vacuumed and analysed, {time.monotonic() - started:.0f} s")
