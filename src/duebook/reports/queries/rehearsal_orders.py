"""The orders that a rehearsal is about, with their invoices' counters before a period and at its end."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_release import Counters
from duebook.domain.commission_rules import PayoutType
from duebook.domain.commission_terms import OrderTerms
from duebook.domain.order_lines import ItemKind
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.rehearsal import FrozenTotal, PastOrder
from duebook.reports.queries.rows import all_rows

# What is earned up front is earned on the order's day, with or without a payment.
_TOUCHED = """
SELECT i.id FROM invoices_invoice i
  JOIN commissions_frozenterms t ON t.order_id = i.order_id
 WHERE i.id IN (
   SELECT a.invoice_id FROM payments_allocation a WHERE a.applied_on BETWEEN %(first)s AND %(last)s
   UNION
   SELECT n.id FROM orders_order o JOIN invoices_invoice n ON n.order_id = o.id
    WHERE o.ordered_on BETWEEN %(first)s AND %(last)s)
 ORDER BY i.id
"""

_PAYMENTS = """
SELECT count(DISTINCT a.payment_id) FROM payments_allocation a
 WHERE a.applied_on BETWEEN %(first)s AND %(last)s
"""

_ORDERS = """
WITH wanted AS (SELECT unnest(%(ids)s::bigint[]) AS id),
applied AS (
  SELECT a.invoice_id,
         sum(a.amount_minor) FILTER (WHERE a.apply_to_commissions AND a.applied_on < %(first)s) AS y0,
         sum(a.amount_minor) FILTER (WHERE NOT a.apply_to_commissions AND p.kind <> %(adjustment)s
               AND a.applied_on < %(first)s) AS n0,
         sum(a.amount_minor) FILTER (WHERE p.kind <> %(adjustment)s AND a.applied_on < %(first)s) AS m0,
         sum(a.amount_minor) FILTER (WHERE a.apply_to_commissions) AS y1,
         sum(a.amount_minor) FILTER (WHERE NOT a.apply_to_commissions AND p.kind <> %(adjustment)s) AS n1,
         sum(a.amount_minor) FILTER (WHERE p.kind <> %(adjustment)s) AS m1
    FROM wanted w
    JOIN payments_allocation a ON a.invoice_id = w.id AND a.applied_on <= %(last)s
    JOIN payments_payment p ON p.id = a.payment_id
   GROUP BY a.invoice_id
), back AS (
  -- What takes off allocations does so in the statement that books it, so both have one instant.
  SELECT invoice_id, -sum(amount_minor) FILTER (WHERE day < %(first)s) AS b0, -sum(amount_minor) AS b1
    FROM (SELECT a.invoice_id, a.amount_minor, r.returned_on AS day
            FROM wanted w
            JOIN payments_allocation a ON a.invoice_id = w.id
            JOIN payments_return r ON r.payment_id = a.payment_id
            JOIN ledger_transfer t ON t.payment_id = r.payment_id AND t.kind = 'returned'
             AND t.recorded_at = a.recorded_at
             AND NOT EXISTS (SELECT FROM payments_disputebooking d WHERE d.transfer_id = t.id)
          UNION ALL
          -- A won dispute takes back what it took off, on its own day.
          SELECT a.invoice_id, CASE WHEN k.takes_back_id IS NULL THEN a.amount_minor ELSE -a.amount_minor END,
                 m.effective_on
            FROM wanted w
            JOIN payments_allocation a ON a.invoice_id = w.id
            JOIN payments_dispute d ON d.payment_id = a.payment_id
            JOIN payments_disputebooking k ON k.dispute_id = d.id AND k.what = 'amount'
            JOIN ledger_transfer m ON m.id = k.transfer_id
            LEFT JOIN payments_disputebooking o ON o.id = k.takes_back_id
            JOIN ledger_transfer t ON t.id = coalesce(o.transfer_id, k.transfer_id)
             AND t.recorded_at = a.recorded_at
          UNION ALL
          SELECT a.invoice_id, a.amount_minor, a.applied_on
            FROM wanted w
            JOIN payments_allocation a ON a.invoice_id = w.id
            JOIN payments_refund f ON f.payment_id = a.payment_id AND f.recorded_at = a.recorded_at
          UNION ALL
          -- The undoing of a refund applies again what it had taken off.
          SELECT a.invoice_id, a.amount_minor, a.applied_on
            FROM wanted w
            JOIN payments_allocation a ON a.invoice_id = w.id
            JOIN payments_refund f ON f.payment_id = a.payment_id
            JOIN payments_refundreversal x ON x.refund_id = f.id
            JOIN ledger_transfer t ON t.id = x.transfer_id AND t.recorded_at = a.recorded_at) AS gone
   WHERE day <= %(last)s
   GROUP BY invoice_id
)
SELECT o.ordered_on, o.currency, t.terms::text,
       coalesce(v.total_minor, i.total_minor), coalesce(v.finance_minor, i.finance_minor), v.voided_on,
       coalesce(y0, 0), coalesce(n0, 0), coalesce(m0, 0), coalesce(b0, 0),
       coalesce(y1, 0), coalesce(n1, 0), coalesce(m1, 0), coalesce(b1, 0),
       (SELECT json_agg(json_build_array(position, kind, product_id, '', quantity::text, line_minor,
                                         apply_to_commissions) ORDER BY position)
          FROM orders_orderitem WHERE order_id = o.id)::text,
       coalesce((SELECT json_agg(json_build_array(partner_id, payout_type, total_minor))
          FROM commissions_accrual WHERE invoice_id = i.id), '[]')::text
  FROM wanted w
  JOIN invoices_invoice i ON i.id = w.id
  JOIN orders_order o ON o.id = i.order_id
  JOIN commissions_frozenterms t ON t.order_id = o.id
  LEFT JOIN invoices_void v ON v.invoice_id = i.id
  LEFT JOIN applied ON applied.invoice_id = w.id
  LEFT JOIN back ON back.invoice_id = w.id
"""


def rehearsed_invoices(first: date, last: date) -> list[int]:
    """The invoices that the period paid or that were issued in it, of orders with partners."""
    return [row[0] for row in all_rows(_TOUCHED, {"first": first, "last": last})]


def payments_within(first: date, last: date) -> int:
    """How many payments moved an invoice in the period."""
    return int(all_rows(_PAYMENTS, {"first": first, "last": last})[0][0])


def past_orders(ids: Sequence[int], first: date, last: date) -> list[tuple[str, PastOrder]]:
    """The orders of these invoices, each with its currency.

    Totals and items are those of today; a void counts from its day on.
    """
    rows = all_rows(
        _ORDERS,
        {"ids": list(ids), "first": first, "last": last, "adjustment": PaymentKind.ADJUSTMENT.value},
    )
    return [(row[1], _past(row, first, last)) for row in rows]


def _past(row: tuple[Any, ...], first: date, last: date) -> PastOrder:
    ordered_on, _, terms, total, finance, voided_on, *figures, lines, totals = row
    return PastOrder(
        ordered_on=ordered_on,
        terms=OrderTerms.from_json(json.loads(terms)),
        lines=tuple(_line(line) for line in json.loads(lines)),
        totals=tuple(FrozenTotal(pk, PayoutType(kind), minor) for pk, kind, minor in json.loads(totals)),
        before=_counters(total, finance, figures[:4], dead=voided_on is not None and voided_on < first),
        after=_counters(total, finance, figures[4:], dead=voided_on is not None and voided_on <= last),
    )


def _counters(total: int, finance: int, figures: Sequence[Any], *, dead: bool) -> Counters:
    counted, uncounted, money, back = (int(figure) for figure in figures)
    return Counters(total, finance, counted, uncounted, money, back, dead)


def _line(plain: Sequence[Any]) -> SoldLine:
    position, kind, product_id, description, quantity, minor, applies = plain
    return SoldLine(position, ItemKind(kind), product_id, description, Decimal(quantity), minor, applies)
