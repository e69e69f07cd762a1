"""Checks of the audit log: everything done has its event, and the events tell the same story as the rows."""

from duebook.reports.verification.check import Check

MISSING_EVENT = Check(
    name="missing_event",
    rule="An order, a payment and whatever became of them each have their event.",
    query="""
        SELECT 'P-' || p.number, 'one event payment.recorded', count(e.id)::text
          FROM payments_payment p
          LEFT JOIN events_event e ON e.payment_id = p.id AND e.name = 'payment.recorded'
         GROUP BY p.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'order #' || o.number, 'one event order.placed', count(e.id)::text
          FROM orders_order o
          LEFT JOIN events_event e ON e.order_id = o.id AND e.name = 'order.placed'
         GROUP BY o.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'P-' || p.number, 'one event payment.reversed', count(e.id)::text
          FROM payments_reversal r
          JOIN payments_payment p ON p.id = r.payment_id
          LEFT JOIN events_event e ON e.payment_id = p.id AND e.name = 'payment.reversed'
         GROUP BY p.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'P-' || p.number, 'one event payment.returned', count(e.id)::text
          FROM payments_return r
          JOIN payments_payment p ON p.id = r.payment_id
          LEFT JOIN events_event e ON e.payment_id = p.id AND e.name = 'payment.returned'
         GROUP BY p.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'P-' || p.number, format('%%s of payment.refunded', r.refunds), count(e.id)::text
          FROM (SELECT payment_id, count(*) AS refunds FROM payments_refund GROUP BY payment_id) AS r
          JOIN payments_payment p ON p.id = r.payment_id
          LEFT JOIN events_event e ON e.payment_id = p.id AND e.name = 'payment.refunded'
         GROUP BY p.id, r.refunds HAVING count(e.id) <> r.refunds
        UNION ALL
        SELECT format('P-%%s, refund %%s', p.number, r.id), 'one event refund.reversed', count(e.id)::text
          FROM payments_refundreversal v
          JOIN payments_refund r ON r.id = v.refund_id
          JOIN payments_payment p ON p.id = r.payment_id
          LEFT JOIN events_event e ON e.payment_id = p.id AND e.name = 'refund.reversed'
           AND (e.payload->>'refund_id')::bigint = r.id
         GROUP BY p.id, r.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'D-' || d.id, 'an event dispute.' || n.name, '0'
          FROM payments_dispute d
          CROSS JOIN LATERAL (SELECT CASE d.state WHEN 'open' THEN 'opened' ELSE d.state END) AS n(name)
         WHERE NOT EXISTS (SELECT 1 FROM events_event e
                            WHERE e.payment_id = d.payment_id AND e.name = 'dispute.' || n.name
                              AND (e.payload->>'dispute_id')::bigint = d.id)
        UNION ALL
        SELECT 'order #' || o.number, 'one event order.cancelled', count(e.id)::text
          FROM orders_cancellation c
          JOIN orders_order o ON o.id = c.order_id
          LEFT JOIN events_event e ON e.order_id = o.id AND e.name = 'order.cancelled'
         GROUP BY o.id HAVING count(e.id) <> 1
        UNION ALL
        SELECT 'INV-' || i.number, 'an event invoice.voided or order.cancelled', '0'
          FROM invoices_void v JOIN invoices_invoice i ON i.id = v.invoice_id
         WHERE NOT EXISTS (SELECT 1 FROM events_event e WHERE e.order_id = i.order_id
                              AND e.name IN ('invoice.voided', 'order.cancelled'))
    """,
)

EVENTS_AND_ALLOCATIONS = Check(
    name="events_and_allocations",
    rule="What the events say was applied to an invoice is what its allocations come to.",
    query="""
        WITH told AS (
          SELECT e.payment_id, (x->>'invoice_id')::bigint AS invoice_id, (x->>'amount_minor')::bigint AS minor
            FROM events_event e, jsonb_array_elements(e.payload->'applied') AS x
           WHERE e.name = 'payment.recorded'
          UNION ALL
          SELECT (x->>'payment_id')::bigint, (x->>'invoice_id')::bigint, (x->>'amount_minor')::bigint
            FROM events_event e, jsonb_array_elements(e.payload->'uses') AS x
           WHERE e.name = 'credit.applied'
          UNION ALL
          SELECT e.payment_id, (x->>'invoice_id')::bigint, -(x->>'amount_minor')::bigint
            FROM events_event e, jsonb_array_elements(e.payload->'taken_off') AS x
           WHERE e.name = 'payment.refunded' OR e.name LIKE 'dispute.%%'
          UNION ALL
          SELECT e.payment_id, (e.payload->>'from_invoice_id')::bigint, -(e.payload->>'amount_minor')::bigint
            FROM events_event e
           WHERE e.name = 'allocation.moved'
          UNION ALL
          SELECT e.payment_id, (e.payload->>'to_invoice_id')::bigint, (e.payload->>'amount_minor')::bigint
            FROM events_event e
           WHERE e.name = 'allocation.moved' AND e.payload->>'to_invoice_id' IS NOT NULL
          UNION ALL
          SELECT e.payment_id, (x->>'invoice_id')::bigint, (x->>'amount_minor')::bigint
            FROM events_event e, jsonb_array_elements(e.payload->'applied_again') AS x
           WHERE e.name = 'refund.reversed'
        ), both_sides AS (
          SELECT payment_id, invoice_id, sum(told) AS told, sum(found) AS found
            FROM (SELECT payment_id, invoice_id, minor AS told, 0::bigint AS found FROM told
                  UNION ALL SELECT payment_id, invoice_id, 0, amount_minor FROM payments_allocation) AS one
           GROUP BY payment_id, invoice_id
        )
        SELECT format('P-%%s on invoice id %%s', p.number, b.invoice_id),
               CASE WHEN p.reversed_minor > 0 OR r.id IS NOT NULL THEN 0 ELSE b.told END, b.found
          FROM both_sides b
          JOIN payments_payment p ON p.id = b.payment_id
          LEFT JOIN payments_return r ON r.payment_id = p.id
         WHERE CASE WHEN p.reversed_minor > 0 OR r.id IS NOT NULL THEN 0 ELSE b.told END <> b.found
           -- A return does not say what it took off, so what a won dispute applied again cannot be added to.
           AND NOT (r.id IS NOT NULL
                AND EXISTS (SELECT FROM payments_dispute d WHERE d.payment_id = p.id AND d.state = 'won'))
    """,
)

CHECKS = (MISSING_EVENT, EVENTS_AND_ALLOCATIONS)
