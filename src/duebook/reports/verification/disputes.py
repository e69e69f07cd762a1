"""Checks of disputes: what the books took for each is what its transfers come to; its charge counts it."""

from duebook.reports.verification.check import Check

DISPUTE_BOOKED = Check(
    name="dispute_booked",
    rule="What a dispute counts as booked and as its fee is what its transfers come to, less what came back.",
    query="""
        WITH booked AS (
          SELECT dispute_id,
                 sum(CASE WHEN takes_back_id IS NULL THEN amount_minor ELSE -amount_minor END)
                   FILTER (WHERE what = 'amount') AS minor,
                 sum(CASE WHEN takes_back_id IS NULL THEN amount_minor ELSE -amount_minor END)
                   FILTER (WHERE what = 'fee') AS fee
            FROM payments_disputebooking GROUP BY dispute_id
        )
        SELECT 'D-' || d.id,
               format('%%s booked, fee %%s', coalesce(b.minor, 0), coalesce(b.fee, 0)),
               format('%%s booked, fee %%s', d.booked_minor, d.fee_minor)
          FROM payments_dispute d LEFT JOIN booked b ON b.dispute_id = d.id
         WHERE (d.booked_minor, d.fee_minor) <> (coalesce(b.minor, 0), coalesce(b.fee, 0))
    """,
)

DISPUTE_TRANSFERS = Check(
    name="dispute_transfers",
    rule="Each booking of a dispute is a transfer out of its card clearing, or the mirror image of one.",
    query="""
        WITH wanted AS (
          SELECT b.id, b.dispute_id, b.transfer_id, d.payment_id, d.currency, b.amount_minor,
                 CASE b.what WHEN 'amount' THEN 'returned' ELSE 'processor_fee' END AS kind,
                 CASE b.what WHEN 'amount' THEN %(customer_credit)s ELSE %(processor_fees)s END AS other_id,
                 m.clearing_account_id AS clearing_id, b.takes_back_id IS NOT NULL AS is_back,
                 o.transfer_id AS corrects_id
            FROM payments_disputebooking b
            JOIN payments_dispute d ON d.id = b.dispute_id
            JOIN gateways_merchantaccount m ON m.id = d.merchant_account_id
            LEFT JOIN payments_disputebooking o ON o.id = b.takes_back_id
        )
        SELECT format('D-%%s, transfer %%s', w.dispute_id, w.transfer_id),
               format('%%s of %%s %%s', w.kind, w.amount_minor, w.currency),
               coalesce(format('%%s of %%s %%s from %%s to %%s', t.kind, t.amount_minor, t.currency,
                               t.credit_account_id, t.debit_account_id), 'no transfer')
          FROM wanted w LEFT JOIN ledger_transfer t ON t.id = w.transfer_id
         WHERE (t.payment_id, t.kind, t.amount_minor, t.currency, t.debit_account_id, t.credit_account_id,
                t.corrects_id)
               IS DISTINCT FROM
               (w.payment_id, w.kind, w.amount_minor, w.currency,
                CASE WHEN w.is_back THEN w.clearing_id ELSE w.other_id END,
                CASE WHEN w.is_back THEN w.other_id ELSE w.clearing_id END, w.corrects_id)
    """,
)

CHARGE_DISPUTED = Check(
    name="charge_disputed",
    rule="What a charge counts as disputed is what its disputes booked, all of its own payment.",
    query="""
        WITH disputes AS (
          SELECT d.charge_id, sum(d.booked_minor) AS minor, bool_and(p.charge_id = d.charge_id) AS fits
            FROM payments_dispute d JOIN payments_payment p ON p.id = d.payment_id
           GROUP BY d.charge_id
        )
        SELECT 'C-' || c.id, coalesce(d.minor, 0)::text,
               c.disputed_minor || CASE WHEN d.fits THEN '' ELSE ' of another payment' END
          FROM payments_charge c LEFT JOIN disputes d ON d.charge_id = c.id
         WHERE c.disputed_minor <> coalesce(d.minor, 0) OR NOT coalesce(d.fits, true)
    """,
)

DISPUTE_STATE = Check(
    name="dispute_state",
    rule="A dispute is in the state that its last observation left; open, lost or odd, a person sees it.",
    query="""
        WITH latest AS (
          SELECT DISTINCT ON (dispute_id) dispute_id, state_after
            FROM payments_observation WHERE dispute_id IS NOT NULL ORDER BY dispute_id, id DESC
        )
        SELECT 'D-' || d.id,
               coalesce(l.state_after, 'an observation')
                 || CASE WHEN d.state = 'open' THEN ', waiting for a person' ELSE '' END,
               d.state || CASE WHEN d.waits_since IS NULL THEN '' ELSE ', waiting for a person' END
          FROM payments_dispute d LEFT JOIN latest l ON l.dispute_id = d.id
         WHERE l.state_after IS DISTINCT FROM d.state
            OR (d.waits_since IS NULL AND (d.state = 'open'
                OR ((d.state = 'lost' OR d.problem <> '') AND NOT EXISTS (
                      SELECT FROM payments_disputereview r
                       WHERE r.dispute_id = d.id AND r.state = d.state AND r.problem = d.problem))))
    """,
)

CHECKS = (DISPUTE_BOOKED, DISPUTE_TRANSFERS, CHARGE_DISPUTED, DISPUTE_STATE)
