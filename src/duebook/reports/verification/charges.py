"""Checks of charges: what the gateway was seen to do stands in the books once, and nothing else does."""

from duebook.reports.verification.check import Check

CHARGE_PAYMENT = Check(
    name="charge_payment",
    rule="A charge that succeeded has one payment of its amount, booked to its card clearing; no other has.",
    query="""
        WITH booked AS (
          SELECT p.charge_id, count(*) AS payments,
                 bool_and((p.amount_minor, p.currency, p.contact_id)
                        = (c.amount_minor, c.currency, c.contact_id)
                   AND EXISTS (SELECT FROM ledger_transfer t
                        WHERE t.payment_id = p.id AND t.kind = 'payment_received'
                          AND t.debit_account_id = m.clearing_account_id)) AS fits
            FROM payments_payment p
            JOIN payments_charge c ON c.id = p.charge_id
            JOIN gateways_merchantaccount m ON m.id = c.merchant_account_id
           GROUP BY p.charge_id
        )
        SELECT 'C-' || c.id,
               CASE c.state WHEN 'succeeded' THEN 'one payment' ELSE 'no payment' END,
               CASE WHEN b.charge_id IS NULL THEN 'no payment'
                    WHEN b.payments <> 1 THEN b.payments || ' payments'
                    WHEN c.state <> 'succeeded' THEN 'a payment of a charge that is ' || c.state
                    ELSE 'another amount, contact or account' END
          FROM payments_charge c LEFT JOIN booked b ON b.charge_id = c.id
         WHERE (c.state = 'succeeded') IS DISTINCT FROM (b.charge_id IS NOT NULL)
            OR b.payments <> 1 OR NOT b.fits
    """,
)

CHARGE_OF_PAYMENT = Check(
    name="charge_of_payment",
    rule="A payment through a gateway names a charge that exists.",
    query="""
        SELECT 'P-' || p.number, 'a charge', 'none with the id ' || p.charge_id
          FROM payments_payment p LEFT JOIN payments_charge c ON c.id = p.charge_id
         WHERE p.charge_id IS NOT NULL AND c.id IS NULL
    """,
)

CHARGE_LINES = Check(
    name="charge_lines",
    rule="The lines of a charge add up to it, and are open exactly while it is.",
    query="""
        WITH lines AS (
          SELECT charge_id, sum(amount_minor) AS minor, bool_or(is_open) AS any_open,
                 bool_and(is_open) AS all_open
            FROM payments_chargeline GROUP BY charge_id
        ), charges AS (
          SELECT c.id, c.amount_minor, l.minor, l.any_open, l.all_open,
                 c.state NOT IN ('succeeded', 'declined', 'not_performed') AS is_open
            FROM payments_charge c LEFT JOIN lines l ON l.charge_id = c.id
        )
        SELECT 'C-' || id, format('%%s in lines, open: %%s', amount_minor, is_open),
               format('%%s, open: %%s', coalesce(minor, 0), any_open)
          FROM charges
         WHERE minor IS DISTINCT FROM amount_minor OR any_open IS DISTINCT FROM is_open
            OR all_open IS DISTINCT FROM is_open
    """,
)

CHARGE_OF_INVOICE = Check(
    name="charge_of_invoice",
    rule="A charge is for invoices of its contact, in its currency.",
    query="""
        SELECT 'C-' || c.id, format('contact %%s in %%s', c.contact_id, c.currency),
               format('INV-%%s of contact %%s in %%s', i.number, i.contact_id, i.currency)
          FROM payments_charge c
          JOIN payments_chargeline l ON l.charge_id = c.id
          JOIN invoices_invoice i ON i.id = l.invoice_id
         WHERE (i.contact_id, i.currency) <> (c.contact_id, c.currency)
    """,
)

CHARGE_STATE = Check(
    name="charge_state",
    rule="A charge is in the state that its last observation left, and has been settled when it has ended.",
    query="""
        WITH latest AS (
          SELECT DISTINCT ON (charge_id) charge_id, state_after
            FROM payments_observation
           WHERE gateway_refund_id IS NULL AND dispute_id IS NULL ORDER BY charge_id, id DESC
        )
        SELECT 'C-' || c.id, coalesce(l.state_after, 'created or sent'), c.state
          FROM payments_charge c LEFT JOIN latest l ON l.charge_id = c.id
         WHERE (l.state_after IS NULL AND c.state NOT IN ('created', 'sent'))
            OR l.state_after <> c.state
            OR (c.settled_at IS NULL) <> (c.state NOT IN ('succeeded', 'declined', 'not_performed'))
    """,
)

CHARGE_REFUNDED = Check(
    name="charge_refunded",
    rule="What a charge counts as refunded and as being refunded is what its refunds come to.",
    query="""
        WITH refunds AS (
          SELECT g.charge_id,
                 sum(g.amount_minor) FILTER (WHERE g.state = 'succeeded' AND v.id IS NULL) AS done,
                 sum(g.amount_minor) FILTER (WHERE g.state NOT IN ('succeeded', 'failed')) AS under_way
            FROM payments_gatewayrefund g
            LEFT JOIN payments_refund f ON f.gateway_refund_id = g.id
            LEFT JOIN payments_refundreversal v ON v.refund_id = f.id
           GROUP BY g.charge_id
        )
        SELECT 'C-' || c.id,
               format('%%s refunded, %%s under way', coalesce(r.done, 0), coalesce(r.under_way, 0)),
               format('%%s refunded, %%s under way', c.refunded_minor, c.refunding_minor)
          FROM payments_charge c LEFT JOIN refunds r ON r.charge_id = c.id
         WHERE (c.refunded_minor, c.refunding_minor) <> (coalesce(r.done, 0), coalesce(r.under_way, 0))
    """,
)

REFUND_OF_ATTEMPT = Check(
    name="refund_of_attempt",
    rule="A refund that the gateway carried out is booked once with its amount; no other is.",
    query="""
        SELECT 'R-' || coalesce(g.id, f.gateway_refund_id),
               CASE g.state WHEN 'succeeded' THEN 'one refund of ' || g.amount_minor ELSE 'no refund' END,
               coalesce('a refund of ' || f.amount_minor, 'no refund')
          FROM payments_gatewayrefund g
          FULL JOIN (SELECT * FROM payments_refund WHERE gateway_refund_id IS NOT NULL) AS f
            ON f.gateway_refund_id = g.id
         WHERE (coalesce(g.state, '') = 'succeeded') <> (f.id IS NOT NULL)
            OR (f.id IS NOT NULL AND (f.amount_minor, f.payment_id) <> (g.amount_minor, g.payment_id))
    """,
)

CHECKS = (
    CHARGE_PAYMENT,
    CHARGE_OF_PAYMENT,
    CHARGE_LINES,
    CHARGE_OF_INVOICE,
    CHARGE_STATE,
    CHARGE_REFUNDED,
    REFUND_OF_ATTEMPT,
)
