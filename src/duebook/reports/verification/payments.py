"""Checks of payments: what became of each follows from its allocations, its undoing and its transfers."""

from duebook.reports.verification.check import Check

PAYMENT_COUNTERS = Check(
    name="payment_counters",
    rule="What a payment counts as allocated, refunded, returned and reversed is the sum of those rows.",
    query="""
        WITH allocated AS (
          SELECT payment_id, sum(amount_minor) AS minor FROM payments_allocation GROUP BY payment_id
        ), refunded AS (
          SELECT payment_id, sum(amount_minor) AS minor FROM payments_refund r
           WHERE NOT EXISTS (SELECT FROM payments_refundreversal v WHERE v.refund_id = r.id)
           GROUP BY payment_id
        ), disputed AS (
          SELECT payment_id, sum(booked_minor) AS minor FROM payments_dispute GROUP BY payment_id
        )
        SELECT 'P-' || p.number || ' ' || f.name, f.expected, f.found
          FROM payments_payment p
          LEFT JOIN allocated a ON a.payment_id = p.id
          LEFT JOIN refunded g ON g.payment_id = p.id
          LEFT JOIN disputed d ON d.payment_id = p.id
          LEFT JOIN payments_return b ON b.payment_id = p.id
          LEFT JOIN payments_reversal r ON r.payment_id = p.id
          CROSS JOIN LATERAL (
            VALUES ('allocated', coalesce(a.minor, 0), p.allocated_minor),
                   ('returned', coalesce(b.amount_minor, 0) + coalesce(d.minor, 0), p.returned_minor),
                   ('reversed', coalesce(r.amount_minor, 0), p.reversed_minor),
                   ('refunded', coalesce(g.minor, 0), p.refunded_minor)
          ) AS f(name, expected, found)
         WHERE f.expected <> f.found
    """,
)

PAYMENT_UNDONE = Check(
    name="payment_undone",
    rule="A reversed or returned payment settles nothing but what a won dispute brought back.",
    query="""
        SELECT 'P-' || p.number, 'nothing left',
               format('%%s allocated, %%s credit', p.allocated_minor, p.credit_minor)
          FROM payments_payment p LEFT JOIN payments_return r ON r.payment_id = p.id
         WHERE (p.reversed_minor > 0 OR r.id IS NOT NULL) AND (p.allocated_minor <> 0 OR p.credit_minor <> 0)
           AND NOT EXISTS (SELECT FROM payments_dispute d WHERE d.payment_id = p.id AND d.state = 'won')
    """,
)

PAYMENT_RECEIVED = Check(
    name="payment_received",
    rule="A payment has one transfer that brings its amount in, taken back exactly when it is reversed.",
    query="""
        WITH brought AS (
          SELECT t.payment_id, count(*) AS transfers, count(m.id) AS taken_back,
                 bool_and((t.amount_minor, t.currency, t.credit_account_id)
                        = (p.amount_minor, p.currency, %(customer_credit)s)
                   AND CASE WHEN p.kind = %(adjustment)s
                            THEN t.kind = 'adjustment' AND t.effective_on >= p.received_on
                            ELSE t.kind = 'payment_received' AND t.effective_on = p.received_on END) AS fits
            FROM ledger_transfer t
            JOIN payments_payment p ON p.id = t.payment_id
            LEFT JOIN ledger_transfer m ON m.corrects_id = t.id
           WHERE t.kind IN ('payment_received', 'adjustment') AND t.corrects_id IS NULL
           GROUP BY t.payment_id
        )
        SELECT 'P-' || p.number,
               format('one transfer of %%s %%s', p.amount_minor, p.currency)
                 || CASE WHEN p.reversed_minor > 0 THEN ', taken back' ELSE '' END,
               CASE WHEN b.payment_id IS NULL THEN 'no transfer'
                    WHEN b.transfers <> 1 THEN b.transfers || ' transfers'
                    WHEN NOT b.fits THEN 'another amount, date, kind or account'
                    WHEN b.taken_back = 0 THEN 'not taken back' ELSE 'taken back' END
          FROM payments_payment p LEFT JOIN brought b ON b.payment_id = p.id
         WHERE b.payment_id IS NULL OR b.transfers <> 1 OR NOT b.fits
            OR (b.taken_back = 1) <> (p.reversed_minor > 0)
    """,
)

RETURN_BOOKED = Check(
    name="return_booked",
    rule="A return is booked with its amount and its fee on its day.",
    query="""
        WITH booked AS (
          SELECT payment_id, effective_on,
                 coalesce(sum(amount_minor) FILTER (WHERE kind = 'returned'), 0) AS minor,
                 coalesce(sum(amount_minor) FILTER (WHERE kind = 'bank_fee'), 0) AS fee
            FROM ledger_transfer t WHERE kind IN ('returned', 'bank_fee')
             AND NOT EXISTS (SELECT FROM payments_disputebooking d WHERE d.transfer_id = t.id)
           GROUP BY payment_id, effective_on
        )
        SELECT 'P-' || p.number,
               format('returned %%s, fee %%s', coalesce(r.amount_minor, 0), coalesce(r.fee_minor, 0)),
               format('returned %%s, fee %%s', coalesce(b.minor, 0), coalesce(b.fee, 0))
          FROM payments_return r
          FULL JOIN booked b ON b.payment_id = r.payment_id AND b.effective_on = r.returned_on
          LEFT JOIN payments_payment p ON p.id = coalesce(r.payment_id, b.payment_id)
         WHERE (r.amount_minor, r.fee_minor) IS DISTINCT FROM (b.minor, b.fee)
    """,
)

REFUND_BOOKED = Check(
    name="refund_booked",
    rule="A refund is booked with its amount on its day, out of the account that the money left.",
    query="""
        WITH both_sides AS (
          SELECT payment_id, day, account_id, currency, sum(wanted) AS wanted, sum(booked) AS booked
            FROM (SELECT payment_id, refunded_on AS day, account_id, currency, amount_minor AS wanted,
                         0::bigint AS booked
                    FROM payments_refund
                  UNION ALL
                  SELECT payment_id, effective_on, credit_account_id, currency, 0, amount_minor
                    FROM ledger_transfer
                   WHERE kind = 'refunded' AND debit_account_id = %(customer_credit)s) AS one
           GROUP BY payment_id, day, account_id, currency HAVING sum(wanted) <> sum(booked)
        )
        SELECT format('P-%%s, %%s', coalesce(p.number::text, '?'), b.day), b.wanted, b.booked
          FROM both_sides b LEFT JOIN payments_payment p ON p.id = b.payment_id
    """,
)

REFUND_REVERSED = Check(
    name="refund_reversed",
    rule="A refund's transfer is taken back exactly when it is undone; a gateway's once it came back.",
    query="""
        SELECT format('P-%%s, refund %%s', p.number, r.id),
               CASE WHEN v.id IS NULL THEN 'not taken back'
                    WHEN r.means <> 'by_hand' AND g.came_back_at IS NULL
                      THEN 'not undone, the gateway gave it back'
                    ELSE 'taken back by ' || v.transfer_id END,
               coalesce('taken back by ' || m.id, 'not taken back')
          FROM payments_refund r
          JOIN payments_payment p ON p.id = r.payment_id
          JOIN ledger_transfer t ON t.payment_id = r.payment_id AND t.recorded_at = r.recorded_at
           AND t.kind = 'refunded' AND t.corrects_id IS NULL
          LEFT JOIN payments_gatewayrefund g ON g.id = r.gateway_refund_id
          LEFT JOIN payments_refundreversal v ON v.refund_id = r.id
          LEFT JOIN ledger_transfer m ON m.corrects_id = t.id
         WHERE v.transfer_id IS DISTINCT FROM m.id
            OR (v.id IS NOT NULL AND r.means <> 'by_hand' AND g.came_back_at IS NULL)
            OR (m.id IS NOT NULL AND (m.payment_id, m.kind, m.amount_minor, m.currency, m.debit_account_id,
                                      m.credit_account_id)
                  IS DISTINCT FROM (t.payment_id, t.kind, t.amount_minor, t.currency, t.credit_account_id,
                                    t.debit_account_id))
    """,
)

REFUND_FITS = Check(
    name="refund_fits",
    rule="A refund is in its payment's currency and never of an adjustment.",
    query="""
        SELECT 'P-' || p.number, format('money in %%s', p.currency), format('%%s in %%s', p.kind, r.currency)
          FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
         WHERE r.currency <> p.currency OR p.kind = %(adjustment)s
    """,
)

ALLOCATION_FITS = Check(
    name="allocation_fits",
    rule="An allocation joins a payment and an invoice of one contact and one currency.",
    query="""
        SELECT format('P-%%s on INV-%%s', p.number, i.number),
               format('contact %%s, %%s', i.contact_id, i.currency),
               format('contact %%s, %%s', p.contact_id, p.currency)
          FROM payments_allocation a
          JOIN payments_payment p ON p.id = a.payment_id
          JOIN invoices_invoice i ON i.id = a.invoice_id
         WHERE (p.contact_id, p.currency) <> (i.contact_id, i.currency)
    """,
)

ALLOCATION_BOOKED = Check(
    name="allocation_booked",
    rule="On each day the transfers between customer credit and receivable are those of the allocations.",
    query="""
        WITH both_sides AS (
          SELECT payment_id, invoice_id, day, sum(wanted) AS wanted, sum(booked) AS booked
            FROM (SELECT payment_id, invoice_id, applied_on AS day, amount_minor AS wanted,
                         0::bigint AS booked
                    FROM payments_allocation
                  UNION ALL
                  SELECT payment_id, invoice_id, effective_on, 0,
                         CASE WHEN credit_account_id = %(receivable)s THEN amount_minor ELSE -amount_minor END
                    FROM ledger_transfer WHERE kind IN ('allocated', 'deallocated')) AS one
           GROUP BY payment_id, invoice_id, day HAVING sum(wanted) <> sum(booked)
        )
        SELECT format('P-%%s on INV-%%s, %%s', coalesce(p.number::text, '?'), coalesce(i.number::text, '?'),
                      b.day),
               b.wanted, b.booked
          FROM both_sides b
          LEFT JOIN payments_payment p ON p.id = b.payment_id
          LEFT JOIN invoices_invoice i ON i.id = b.invoice_id
    """,
)

CUSTOMER_CREDIT = Check(
    name="customer_credit",
    rule="The customer credit account holds for each contact and currency its credit on account.",
    query="""
        WITH both_sides AS (
          SELECT contact_id, currency, sum(wanted) AS wanted, sum(booked) AS booked
            FROM (SELECT contact_id, currency, credit_minor AS wanted, 0::bigint AS booked
                    FROM payments_payment
                  UNION ALL
                  SELECT contact_id, currency, 0,
                         CASE WHEN credit_account_id = %(customer_credit)s THEN amount_minor
                              ELSE -amount_minor END
                    FROM ledger_transfer
                   WHERE debit_account_id = %(customer_credit)s
                      OR credit_account_id = %(customer_credit)s) AS one
           GROUP BY contact_id, currency HAVING sum(wanted) <> sum(booked)
        )
        SELECT format('contact %%s in %%s', coalesce(contact_id::text, 'none'), currency), wanted, booked
          FROM both_sides
    """,
)

CHECKS = (
    PAYMENT_COUNTERS,
    PAYMENT_UNDONE,
    PAYMENT_RECEIVED,
    RETURN_BOOKED,
    REFUND_BOOKED,
    REFUND_REVERSED,
    REFUND_FITS,
    ALLOCATION_FITS,
    ALLOCATION_BOOKED,
    CUSTOMER_CREDIT,
)
