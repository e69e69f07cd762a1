"""Books in which partners have earned for years: programs, frozen terms, accruals, entries and payouts.

They are put on top of the books that ``build_books`` makes, by statements over sets like those. A tenth of
the partners are parents of the others; an order with partners has a lead and a sale partner, each with a
parent, so it has four accruals. Everything payable a quarter ago is paid out.
"""

from collections.abc import Callable

import psycopg

from bench.books import build_books, fill, tidy

ACCRUALS = 4
"""So many has an order with partners."""
PAYOUT_DAYS = 91
HOLD_DAYS = 30
PARENTS_IN = 10
PROGRAM = "Standard"

_SPARE = 40
"""So many more invoices, lest few of them should have too few payments."""

# Orders that are not among these have no partners. Half of the open ones without a payment are.
_DEALS = """
CREATE UNLOGGED TABLE bench_deal AS
SELECT d.*, 1 + lead_id % @parents AS lead_parent_id, 1 + sale_id % @parents AS sale_parent_id
  FROM (SELECT i.id AS invoice_id, i.order_id, i.contact_id, i.total_minor, a.payment_id, a.applied_on,
               coalesce(a.amount_minor, 0) AS paid_minor,
               @parents + 1 + (hashint8extended(i.id, 21) & 9223372036854775807) % (@partners - @parents)
                 AS lead_id,
               @parents + 1 + (hashint8extended(i.id, 22) & 9223372036854775807) % (@partners - @parents)
                 AS sale_id,
               row_number() OVER (PARTITION BY a.id IS NULL ORDER BY hashint8extended(i.id, 23)) AS place
          FROM invoices_invoice i LEFT JOIN payments_allocation a ON a.invoice_id = i.id) AS d
 WHERE CASE WHEN payment_id IS NULL THEN invoice_id % 2 = 0 ELSE place <= @paid END
"""

# What the service keeps of what a total was computed from: the order's only line, and its rule.
_SOLD = """
jsonb_build_array(jsonb_build_object('position', i.position, 'kind', i.kind, 'product_id', i.product_id,
  'description', i.description, 'quantity', trim_scale(i.quantity)::text, 'line_minor', i.line_minor,
  'apply_to_commissions', i.apply_to_commissions))
"""
_LINES = """
jsonb_build_array(jsonb_build_object('position', i.position, 'base_minor', i.line_minor,
  'source', 'default rule of the program', 'bps', s.bps, 'fixed_minor', 0, 'exact', s.can_earn_minor::text,
  'rule_id', s.rule_id, 'silence', NULL))
"""

_SHARES = """
CREATE UNLOGGED TABLE bench_share AS
SELECT d.invoice_id, d.order_id, d.contact_id, d.total_minor, d.paid_minor, d.payment_id, d.applied_on,
       v.position, v.role, v.level, v.partner_id, r.id AS rule_id, r.program_id, r.percent_bps AS bps,
       d.total_minor * r.percent_bps / 10000 AS can_earn_minor,
       (d.total_minor * r.percent_bps / 10000) * d.paid_minor / d.total_minor AS earned_minor,
       nextval('commissions_accrualbasis_id_seq') AS basis_id
  FROM bench_deal d
 CROSS JOIN LATERAL (VALUES (1, 'lead', 1, d.lead_id), (2, 'lead', 2, d.lead_parent_id),
                            (3, 'sale', 1, d.sale_id), (4, 'sale', 2, d.sale_parent_id))
    AS v(position, role, level, partner_id)
  JOIN partners_rule r ON r.role = v.role AND r.level = v.level
 ORDER BY d.invoice_id, v.position
"""

_STEPS: tuple[tuple[str, str], ...] = (
    ("parents", "UPDATE partners_partner SET parent_id = 1 + id % @parents WHERE id > @parents"),
    (
        "programs",
        f"""
INSERT INTO partners_program (name, priority, payout_type, hold_days, levels, active, notes)
VALUES ('{PROGRAM}', 10, 'on_payment', {HOLD_DAYS}, 2, true, '')
""",
    ),
    (
        "rules",
        """
INSERT INTO partners_rule (program_id, role, level, percent_bps, fixed_minor, currency)
SELECT p.id, v.role, v.level, v.bps, 0, ''
  FROM partners_program p
 CROSS JOIN (VALUES ('lead', 1, 1000), ('lead', 2, 200), ('sale', 1, 500), ('sale', 2, 100))
    AS v(role, level, bps)
""",
    ),
    (
        "members",
        """
INSERT INTO partners_program_members (program_id, partner_id)
SELECT g.id, p.id FROM partners_program g CROSS JOIN partners_partner p ORDER BY p.id
""",
    ),
    ("deals", _DEALS),
    (
        "partners of orders",
        """
UPDATE orders_order o SET lead_partner_id = d.lead_id, sale_partner_id = d.sale_id
  FROM orders_order x LEFT JOIN bench_deal d ON d.order_id = x.id
 WHERE x.id = o.id
   AND (o.lead_partner_id, o.sale_partner_id) IS DISTINCT FROM (d.lead_id, d.sale_id)
""",
    ),
    (
        "terms",
        """
INSERT INTO commissions_frozenterms (order_id, terms)
SELECT d.order_id, jsonb_build_object('order_id', d.order_id, 'currency', 'USD', 'overrides', '[]'::jsonb,
         'everywhere', '[]'::jsonb, 'assigned', jsonb_build_object('lead', d.lead_id, 'sale', d.sale_id),
         'partners', people.listed,
         'programs', jsonb_build_array(program.plain || jsonb_build_object('members', members.listed)))
  FROM bench_deal d
 CROSS JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'active', true,
                                           'parent_id', p.parent_id)
                        ORDER BY p.parent_id IS NULL, p.id) AS listed
         FROM partners_partner p
        WHERE p.id IN (d.lead_id, d.sale_id, d.lead_parent_id, d.sale_parent_id)) AS people
 CROSS JOIN LATERAL (
       SELECT jsonb_agg(DISTINCT m) AS listed FROM (VALUES (d.lead_id), (d.sale_id)) AS v(m)) AS members
 CROSS JOIN (
       SELECT jsonb_build_object('id', g.id, 'name', g.name, 'priority', g.priority,
                'payout_type', g.payout_type, 'hold_days', g.hold_days, 'levels', g.levels,
                'rules', (SELECT jsonb_agg(jsonb_build_object('id', r.id, 'role', r.role, 'level', r.level,
                            'product_id', r.product_id, 'rate', jsonb_build_object('bps', r.percent_bps,
                              'fixed_minor', r.fixed_minor, 'currency', r.currency)) ORDER BY r.id)
                            FROM partners_rule r WHERE r.program_id = g.id)) AS plain
         FROM partners_program g) AS program
 ORDER BY d.order_id
""",
    ),
    ("shares", _SHARES),
    (
        "bases",
        f"""
INSERT INTO commissions_accrualbasis (id, sold, lines)
OVERRIDING SYSTEM VALUE
SELECT s.basis_id, {_SOLD}, {_LINES}
  FROM bench_share s JOIN orders_orderitem i ON i.order_id = s.order_id ORDER BY s.basis_id
""",
    ),
    (
        "accruals",
        f"""
INSERT INTO commissions_accrual (invoice_id, partner_id, role, level, program_id, payout_type, hold_days,
  currency, total_minor, counted_minor, earned_minor, silence, basis_id)
SELECT invoice_id, partner_id, role, level, program_id, 'on_payment', {HOLD_DAYS}, 'USD', can_earn_minor,
       paid_minor, earned_minor, '', basis_id
  FROM bench_share ORDER BY invoice_id, position
""",
    ),
    (
        "entries",
        f"""
INSERT INTO commissions_commissionentry (accrual_id, partner_id, cause, amount_minor, currency, entered_on,
  payable_on, payment_id, part_before_minor, part_after_minor, whole_minor, earned_after_minor, total_minor,
  basis_id)
SELECT a.id, s.partner_id, 'payment', s.earned_minor, 'USD', s.applied_on, s.applied_on + {HOLD_DAYS},
       s.payment_id, 0, s.paid_minor, s.total_minor, s.earned_minor, s.can_earn_minor,
       s.basis_id
  FROM bench_share s
  JOIN commissions_accrual a ON a.invoice_id = s.invoice_id AND a.role = s.role AND a.level = s.level
 WHERE s.earned_minor > 0 ORDER BY s.applied_on, s.payment_id, s.position
""",
    ),
    (
        "transfers",
        """
INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,
  contact_id, invoice_id, payment_id, partner_id)
SELECT 'commission_earned', 17, 7, earned_minor, 'USD', applied_on, contact_id, invoice_id, payment_id,
       partner_id
  FROM bench_share WHERE earned_minor > 0 ORDER BY applied_on, payment_id, position
""",
    ),
    (
        "payouts",
        f"""
CREATE UNLOGGED TABLE bench_paid_out AS
SELECT id AS entry_id, partner_id, amount_minor,
       @today::date - {PAYOUT_DAYS} * ((@today::date - payable_on) / {PAYOUT_DAYS}) AS cut_off_on
  FROM commissions_commissionentry WHERE payable_on <= @today::date - {PAYOUT_DAYS}
""",
    ),
    (
        "payouts",
        """
INSERT INTO commissions_payoutbatch (state, currency, cut_off_on, minimum_minor, total_minor, built_by_id,
  built_at, decided_by_id, decided_at, reason, paid_on, paid_method, paid_reference, paid_by_id)
SELECT 'paid', 'USD', cut_off_on, 0, sum(amount_minor), 0, cut_off_on, 0, cut_off_on + 1, '', cut_off_on + 1,
       'Bank', '', 0
  FROM bench_paid_out GROUP BY cut_off_on ORDER BY cut_off_on
""",
    ),
    (
        "events",
        """
INSERT INTO events_event (name, actor_id, source, request_key, input_hash, payload)
SELECT 'payout.approved', decided_by_id, 'system', 'bench:payout:' || id,
       md5(id::text) || md5('payout' || id),
       jsonb_build_object('batch_id', id, 'number', 'PO-' || number, 'others', 0)
  FROM commissions_payoutbatch ORDER BY id
""",
    ),
    (
        "payouts",
        """
INSERT INTO commissions_payout (batch_id, partner_id, amount_minor, currency)
SELECT b.id, p.partner_id, sum(p.amount_minor), 'USD'
  FROM bench_paid_out p JOIN commissions_payoutbatch b USING (cut_off_on)
 GROUP BY b.id, p.partner_id ORDER BY b.id, p.partner_id
""",
    ),
    (
        "payouts",
        """
INSERT INTO commissions_payoutline (payout_id, entry_id, amount_minor, live)
SELECT o.id, p.entry_id, p.amount_minor, true
  FROM bench_paid_out p
  JOIN commissions_payoutbatch b USING (cut_off_on)
  JOIN commissions_payout o ON o.batch_id = b.id AND o.partner_id = p.partner_id
 ORDER BY p.entry_id
""",
    ),
    (
        "transfers",
        """
INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,
  partner_id)
SELECT 'commission_paid', 7, 1, o.amount_minor, o.currency, b.paid_on, o.partner_id
  FROM commissions_payout o JOIN commissions_payoutbatch b ON b.id = o.batch_id ORDER BY o.id
""",
    ),
)


def build_partner_books(
    connection: psycopg.Connection, *, partners: int, entries: int, today: str, say: Callable[[str], None]
) -> None:
    """Fill a migrated, empty database with so many partners and commission entries."""
    paid = entries // ACCRUALS
    build_books(connection, invoices=paid * 4 // 3 + _SPARE, today=today, say=say, partners=partners)
    values = {
        "@partners": str(partners),
        "@parents": str(partners // PARENTS_IN),
        "@paid": str(paid),
        "@today": f"'{today}'",
    }
    fill(connection, _STEPS, values, say=say)
    connection.execute("DROP TABLE bench_deal, bench_share, bench_paid_out")
    tidy(connection, say=say)
