"""Checks of commissions: earned follows from the invoices' counters, owed from the entries."""

from duebook.reports.verification.check import Check

ACCRUAL_EARNED = Check(
    name="accrual_earned",
    rule="What an accrual has earned follows from its total and its invoice's counters.",
    query="""
        WITH figures AS (
          SELECT a.id, a.payout_type, a.total_minor AS t, a.earned_minor, v.id IS NOT NULL AS dead,
                 greatest(0, i.total_minor - i.finance_minor) AS p, i.finance_minor AS f,
                 i.counted_minor AS y, i.uncounted_minor AS n, i.money_minor AS m, i.money_back_minor AS r
            FROM commissions_accrual a
            JOIN invoices_invoice i ON i.id = a.invoice_id
            LEFT JOIN invoices_void v ON v.invoice_id = i.id
        ), parts AS (
          SELECT *, CASE payout_type
                 WHEN 'up_front' THEN p - least(r, p - least(p, greatest(0, m - f)))
                 ELSE least(p, greatest(0, y - greatest(0, f - n))) END AS part
            FROM figures
        ), due AS (
          SELECT id, earned_minor, CASE
                 WHEN dead THEN 0
                 WHEN p = 0 THEN CASE payout_type WHEN 'up_front' THEN t ELSE 0 END
                 ELSE div(t::numeric * part, p)::bigint END AS expected
            FROM parts
        )
        SELECT 'accrual ' || id, expected, earned_minor FROM due WHERE expected <> earned_minor
    """,
)

ACCRUAL_ENTRIES = Check(
    name="accrual_entries",
    rule="What an accrual has earned is the sum of its entries.",
    query="""
        WITH entered AS (
          SELECT accrual_id, sum(amount_minor) AS minor FROM commissions_commissionentry GROUP BY accrual_id
        )
        SELECT 'accrual ' || a.id, coalesce(e.minor, 0), a.earned_minor
          FROM commissions_accrual a LEFT JOIN entered e ON e.accrual_id = a.id
         WHERE coalesce(e.minor, 0) <> a.earned_minor
    """,
)

ENTRY_FITS = Check(
    name="entry_fits",
    rule="An entry is of its accrual's partner, and both are in the currency of the invoice.",
    query="""
        SELECT format('entry %%s of accrual %%s', e.id, a.id),
               format('partner %%s, %%s', a.partner_id, i.currency),
               format('partner %%s, %%s of %%s', e.partner_id, e.currency, a.currency)
          FROM commissions_commissionentry e
          JOIN commissions_accrual a ON a.id = e.accrual_id
          JOIN invoices_invoice i ON i.id = a.invoice_id
         WHERE (e.partner_id, e.currency, a.currency) <> (a.partner_id, i.currency, i.currency)
    """,
)

COMMISSION_BOOKED = Check(
    name="commission_booked",
    rule="The entries of a partner on an invoice are booked with their amounts.",
    query="""
        WITH entered AS (
          SELECT a.invoice_id, e.partner_id, sum(e.amount_minor) AS minor
            FROM commissions_commissionentry e JOIN commissions_accrual a ON a.id = e.accrual_id
           GROUP BY a.invoice_id, e.partner_id
        ), booked AS (
          SELECT invoice_id, partner_id,
                 sum(CASE kind WHEN 'commission_earned' THEN amount_minor ELSE -amount_minor END) AS minor
            FROM ledger_transfer WHERE kind IN ('commission_earned', 'commission_clawed_back')
           GROUP BY invoice_id, partner_id
        )
        SELECT format('partner %%s, invoice %%s', coalesce(e.partner_id, b.partner_id),
                      coalesce(e.invoice_id, b.invoice_id)),
               coalesce(e.minor, 0), coalesce(b.minor, 0)
          FROM entered e FULL JOIN booked b ON b.invoice_id = e.invoice_id AND b.partner_id = e.partner_id
         WHERE coalesce(e.minor, 0) <> coalesce(b.minor, 0)
    """,
)

PARTNER_PAYABLE = Check(
    name="partner_payable",
    rule="A partner's payable in the books is what the entries say, less what was paid out.",
    query="""
        WITH owed AS (
          SELECT partner_id, currency, sum(amount_minor) AS minor FROM (
            SELECT partner_id, currency, amount_minor FROM commissions_commissionentry
            UNION ALL
            SELECT o.partner_id, o.currency, -o.amount_minor
              FROM commissions_payout o JOIN commissions_payoutbatch b ON b.id = o.batch_id
             WHERE b.state = 'paid'
          ) AS movements GROUP BY partner_id, currency
        ), booked AS (
          SELECT partner_id, currency, sum(minor) AS minor FROM (
            SELECT partner_id, currency, amount_minor AS minor FROM ledger_transfer
             WHERE credit_account_id = %(partner_payable)s
            UNION ALL
            SELECT partner_id, currency, -amount_minor FROM ledger_transfer
             WHERE debit_account_id = %(partner_payable)s
          ) AS movements GROUP BY partner_id, currency
        )
        SELECT format('partner %%s, %%s', coalesce(o.partner_id, b.partner_id),
                      coalesce(o.currency, b.currency)),
               coalesce(o.minor, 0), coalesce(b.minor, 0)
          FROM owed o FULL JOIN booked b ON b.partner_id = o.partner_id AND b.currency = o.currency
         WHERE coalesce(o.minor, 0) <> coalesce(b.minor, 0)
    """,
)

PAYOUT_LINES = Check(
    name="payout_lines",
    rule="A payout is the sum of its lines, a line its entry of the same partner, live until rejected.",
    query="""
        WITH lines AS (
          SELECT l.payout_id, sum(l.amount_minor) AS minor,
                 bool_and(l.amount_minor = e.amount_minor AND e.partner_id = o.partner_id
                      AND e.currency = o.currency AND l.live = (b.state <> 'rejected')) AS fits
            FROM commissions_payoutline l
            JOIN commissions_commissionentry e ON e.id = l.entry_id
            JOIN commissions_payout o ON o.id = l.payout_id
            JOIN commissions_payoutbatch b ON b.id = o.batch_id
           GROUP BY l.payout_id
        )
        SELECT 'payout ' || o.id, o.amount_minor::text,
               CASE WHEN l.fits THEN l.minor::text ELSE 'a line that does not fit its entry or its batch' END
          FROM commissions_payout o LEFT JOIN lines l ON l.payout_id = o.id
         WHERE l.minor IS DISTINCT FROM o.amount_minor OR NOT coalesce(l.fits, false)
    """,
)

PAYOUT_BATCHES = Check(
    name="payout_batches",
    rule="A batch is the sum of its payouts.",
    query="""
        WITH payouts AS (
          SELECT batch_id, sum(amount_minor) AS minor FROM commissions_payout GROUP BY batch_id
        )
        SELECT 'PO-' || b.number, b.total_minor, coalesce(p.minor, 0)
          FROM commissions_payoutbatch b LEFT JOIN payouts p ON p.batch_id = b.id
         WHERE b.total_minor <> coalesce(p.minor, 0)
    """,
)

PAYOUT_PAID = Check(
    name="payout_paid",
    rule="What a paid batch pays a partner leaves the bank on its day, once; nothing else does.",
    query="""
        WITH both_sides AS (
          SELECT partner_id, day, currency, sum(wanted) AS wanted, sum(booked) AS booked,
                 sum(payouts) AS payouts, sum(transfers) AS transfers
            FROM (SELECT o.partner_id, b.paid_on AS day, o.currency, o.amount_minor AS wanted,
                         0::bigint AS booked, 1 AS payouts, 0 AS transfers
                    FROM commissions_payout o JOIN commissions_payoutbatch b ON b.id = o.batch_id
                   WHERE b.state = 'paid'
                  UNION ALL
                  SELECT partner_id, effective_on, currency, 0, amount_minor, 0, 1
                    FROM ledger_transfer WHERE kind = 'commission_paid') AS one
           GROUP BY partner_id, day, currency
        )
        SELECT format('partner %%s, %%s', coalesce(partner_id::text, 'none'), day),
               format('%%s %%s in %%s payouts', wanted, currency, payouts),
               format('%%s %%s in %%s transfers', booked, currency, transfers)
          FROM both_sides
         WHERE (wanted, payouts) <> (booked, transfers)
    """,
)

ACCRUAL_TOTAL = Check(
    name="accrual_total",
    rule="What an accrual comes to is what the lines that it rests on come to, a half rounded up.",
    query="""
        WITH lines AS (
          SELECT a.id,
                 sum(split_part(l->>'exact', '/', 1)::numeric
                     / coalesce(nullif(split_part(l->>'exact', '/', 2), ''), '1')::numeric) AS exact
            FROM commissions_accrual a
            JOIN commissions_accrualbasis b ON b.id = a.basis_id
            CROSS JOIN LATERAL jsonb_array_elements(b.lines) AS l
           GROUP BY a.id
        )
        SELECT 'accrual ' || a.id, floor(coalesce(l.exact, 0) + 0.5), a.total_minor
          FROM commissions_accrual a LEFT JOIN lines l ON l.id = a.id
         WHERE a.total_minor <> floor(coalesce(l.exact, 0) + 0.5)
    """,
)

CHECKS = (
    ACCRUAL_TOTAL,
    ACCRUAL_EARNED,
    ACCRUAL_ENTRIES,
    ENTRY_FITS,
    COMMISSION_BOOKED,
    PARTNER_PAYABLE,
    PAYOUT_LINES,
    PAYOUT_BATCHES,
    PAYOUT_PAID,
)
