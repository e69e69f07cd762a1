"""Checks of orders and invoices: what is owed follows from the items, the allocations and the transfers."""

from duebook.reports.verification.check import Check

ORDER_INVOICE = Check(
    name="order_invoice",
    rule="An order has exactly one invoice, of its contact and in its currency.",
    query="""
        SELECT 'order #' || o.number, format('one invoice, contact %%s, %%s', o.contact_id, o.currency),
               CASE WHEN i.id IS NULL THEN 'no invoice'
                    ELSE format('INV-%%s, contact %%s, %%s', i.number, i.contact_id, i.currency) END
          FROM orders_order o LEFT JOIN invoices_invoice i ON i.order_id = o.id
         WHERE i.id IS NULL OR (i.contact_id, i.currency) <> (o.contact_id, o.currency)
    """,
)

CANCELLED_ORDER = Check(
    name="cancelled_order",
    rule="The invoice of a cancelled order is void.",
    query="""
        SELECT 'order #' || o.number, 'a void invoice', 'INV-' || i.number || ' is not void'
          FROM orders_cancellation x
          JOIN orders_order o ON o.id = x.order_id
          JOIN invoices_invoice i ON i.order_id = x.order_id
          LEFT JOIN invoices_void v ON v.invoice_id = i.id
         WHERE v.id IS NULL
    """,
)

INVOICE_TOTAL = Check(
    name="invoice_total",
    rule="An invoice comes to the sum of its items; a void one to zero, and its Void row to that sum.",
    query="""
        WITH items AS (
          SELECT order_id, sum(line_minor) AS total,
                 coalesce(sum(line_minor) FILTER (WHERE kind = 'finance_charge'), 0) AS finance
            FROM orders_orderitem GROUP BY order_id
        )
        SELECT 'INV-' || i.number || ' ' || f.name, f.expected, f.found
          FROM invoices_invoice i
          LEFT JOIN items s ON s.order_id = i.order_id
          LEFT JOIN invoices_void v ON v.invoice_id = i.id
          CROSS JOIN LATERAL (
            VALUES ('total', CASE WHEN v.id IS NULL THEN coalesce(s.total, 0) ELSE 0 END, i.total_minor),
                   ('finance charge', CASE WHEN v.id IS NULL THEN coalesce(s.finance, 0) ELSE 0 END,
                    i.finance_minor),
                   ('total before it was void', coalesce(s.total, 0), coalesce(v.total_minor, s.total, 0)),
                   ('finance charge before it was void', coalesce(s.finance, 0),
                    coalesce(v.finance_minor, s.finance, 0))
          ) AS f(name, expected, found)
         WHERE f.expected <> f.found
    """,
)

INVOICE_COUNTERS = Check(
    name="invoice_counters",
    rule="What an invoice counts as applied and for commissions is the sum of its allocations.",
    query="""
        WITH applied AS (
          SELECT a.invoice_id,
                 sum(a.amount_minor) AS applied,
                 sum(a.amount_minor) FILTER (WHERE a.apply_to_commissions) AS counted,
                 sum(a.amount_minor) FILTER (WHERE NOT a.apply_to_commissions AND p.kind <> %(adjustment)s)
                   AS uncounted,
                 sum(a.amount_minor) FILTER (WHERE p.kind <> %(adjustment)s) AS money
            FROM payments_allocation a JOIN payments_payment p ON p.id = a.payment_id
           GROUP BY a.invoice_id
        ), back AS (
          -- What takes off allocations does so in the statement that books it, so both have one instant.
          SELECT a.invoice_id, -sum(a.amount_minor) AS back
            FROM (SELECT r.payment_id, t.recorded_at
                    FROM payments_return r
                    JOIN ledger_transfer t ON t.payment_id = r.payment_id AND t.kind = 'returned'
                   WHERE NOT EXISTS (SELECT FROM payments_disputebooking d WHERE d.transfer_id = t.id)
                  UNION
                  -- Of disputes what nothing has brought back.
                  SELECT t.payment_id, t.recorded_at
                    FROM payments_disputebooking d
                    JOIN ledger_transfer t ON t.id = d.transfer_id
                   WHERE d.what = 'amount' AND d.takes_back_id IS NULL
                     AND NOT EXISTS (SELECT FROM payments_disputebooking x WHERE x.takes_back_id = d.id)
                  UNION
                  SELECT payment_id, recorded_at FROM payments_refund r
                   WHERE NOT EXISTS (SELECT FROM payments_refundreversal v WHERE v.refund_id = r.id)
                 ) AS gone
            JOIN payments_allocation a
              ON a.payment_id = gone.payment_id AND a.recorded_at = gone.recorded_at
           GROUP BY a.invoice_id
        )
        SELECT 'INV-' || i.number || ' ' || f.name, f.expected, f.found
          FROM invoices_invoice i
          LEFT JOIN applied s ON s.invoice_id = i.id
          LEFT JOIN back b ON b.invoice_id = i.id
          CROSS JOIN LATERAL (
            VALUES ('applied', coalesce(s.applied, 0), i.applied_minor),
                   ('counted', coalesce(s.counted, 0), i.counted_minor),
                   ('uncounted', coalesce(s.uncounted, 0), i.uncounted_minor),
                   ('money', coalesce(s.money, 0), i.money_minor),
                   ('money back', coalesce(b.back, 0), i.money_back_minor)
          ) AS f(name, expected, found)
         WHERE f.expected <> f.found
    """,
)

INVOICE_RECEIVABLE = Check(
    name="invoice_receivable",
    rule="The receivable account holds for each invoice its balance due, and nothing without an invoice.",
    query="""
        WITH booked AS (
          SELECT invoice_id, currency,
                 sum(CASE WHEN debit_account_id = %(receivable)s THEN amount_minor ELSE -amount_minor END)
                   AS minor
            FROM ledger_transfer
           WHERE debit_account_id = %(receivable)s OR credit_account_id = %(receivable)s
           GROUP BY invoice_id, currency
        )
        SELECT CASE WHEN i.id IS NOT NULL THEN 'INV-' || i.number
                    ELSE format('receivable of invoice id %%s in %%s', coalesce(b.invoice_id::text, 'none'),
                                b.currency) END,
               coalesce(i.balance_due_minor, 0), coalesce(b.minor, 0)
          FROM invoices_invoice i
          FULL JOIN booked b ON b.invoice_id = i.id AND b.currency = i.currency
         WHERE coalesce(i.balance_due_minor, 0) <> coalesce(b.minor, 0)
    """,
)

INVOICE_INCOME = Check(
    name="invoice_income",
    rule="What an invoice posted to sales, tax and so on is the sum of its items of that kind; void, zero.",
    query="""
        WITH wanted AS (
          SELECT i.id AS invoice_id,
                 CASE s.kind WHEN 'product' THEN %(sales)s WHEN 'tax' THEN %(tax_payable)s
                   WHEN 'shipping' THEN %(shipping_income)s WHEN 'finance_charge' THEN %(finance_income)s
                   WHEN 'discount' THEN %(discounts)s ELSE %(other_income)s END AS account_id,
                 s.line_minor AS minor
            FROM orders_orderitem s
            JOIN invoices_invoice i ON i.order_id = s.order_id
            LEFT JOIN invoices_void v ON v.invoice_id = i.id
           WHERE v.id IS NULL
        ), booked AS (
          SELECT invoice_id,
                 CASE WHEN debit_account_id = %(receivable)s THEN credit_account_id ELSE debit_account_id END
                   AS account_id,
                 CASE WHEN debit_account_id = %(receivable)s THEN amount_minor ELSE -amount_minor END AS minor
            FROM ledger_transfer
           WHERE kind IN ('invoice_issued', 'order_changed', 'invoice_voided')
        ), both_sides AS (
          SELECT invoice_id, account_id, sum(wanted) AS wanted, sum(booked) AS booked
            FROM (SELECT invoice_id, account_id, minor AS wanted, 0::bigint AS booked FROM wanted
                  UNION ALL SELECT invoice_id, account_id, 0, minor FROM booked) AS one
           GROUP BY invoice_id, account_id HAVING sum(wanted) <> sum(booked)
        )
        SELECT format('INV-%%s in account %%s', coalesce(i.number::text, '?'), coalesce(a.code, '?')),
               b.wanted, b.booked
          FROM both_sides b
          LEFT JOIN invoices_invoice i ON i.id = b.invoice_id
          LEFT JOIN ledger_account a ON a.id = b.account_id
    """,
)

CHECKS = (
    ORDER_INVOICE,
    CANCELLED_ORDER,
    INVOICE_TOTAL,
    INVOICE_COUNTERS,
    INVOICE_RECEIVABLE,
    INVOICE_INCOME,
)
