"""Checks of card clearing: what charges and returned settlements count there is what the rows say."""

from duebook.reports.verification.check import Check

LINE_CLEARS = Check(
    name="line_clears",
    rule="A line of a settlement names the charge of its id that is in its currency, where there is one.",
    query="""
        SELECT format('S-%%s, line %%s', l.settlement_id, l.id),
               coalesce('C-' || c.id, 'no charge'), coalesce('C-' || l.charge_id, 'no charge')
          FROM payments_settlementline l
          JOIN payments_settlement s ON s.id = l.settlement_id
          LEFT JOIN payments_charge c
            ON c.merchant_account_id = l.merchant_account_id AND c.gateway_id = l.charge_gateway_id
           AND c.gateway_id <> '' AND c.currency = s.currency AND l.kind <> 'settlement returned'
         WHERE l.charge_id IS DISTINCT FROM c.id
    """,
)

LINE_PAYS_AGAIN = Check(
    name="line_pays_again",
    rule="A line that pays a settlement again names the return of that settlement; no other does.",
    query="""
        SELECT format('S-%%s, line %%s', l.settlement_id, l.id),
               coalesce('the return of S-' || b.settlement_id, 'no return'),
               coalesce('the return of S-' || n.settlement_id, 'no return')
          FROM payments_settlementline l
          JOIN payments_settlement s ON s.id = l.settlement_id
          LEFT JOIN payments_settlement o
            ON o.merchant_account_id = l.merchant_account_id AND o.gateway_id = l.object_id
           AND o.currency = s.currency AND l.kind = 'settlement returned'
          LEFT JOIN payments_settlementreturn b ON b.settlement_id = o.id AND b.booked_on IS NOT NULL
          LEFT JOIN payments_settlementreturn n ON n.id = l.settlement_return_id
         WHERE l.settlement_return_id IS DISTINCT FROM b.id
    """,
)

CHARGE_CLEARED = Check(
    name="charge_cleared",
    rule="What a charge counts as cleared, as fees of disputes and as returned is what these rows come to.",
    query="""
        WITH lines AS (
          SELECT charge_id, sum(clears_minor) AS minor FROM payments_settlementline GROUP BY charge_id
        ), disputes AS (
          SELECT charge_id, sum(fee_minor) AS minor FROM payments_dispute GROUP BY charge_id
        ), returns AS (
          SELECT p.charge_id, r.amount_minor AS minor
            FROM payments_return r JOIN payments_payment p ON p.id = r.payment_id
           WHERE p.charge_id IS NOT NULL
        ), counted AS (
          SELECT c.id, c.cleared_minor, c.dispute_fee_minor, c.returned_minor,
                 coalesce(l.minor, 0) AS cleared, coalesce(d.minor, 0) AS fees,
                 coalesce(r.minor, 0) AS returned
            FROM payments_charge c
            LEFT JOIN lines l ON l.charge_id = c.id
            LEFT JOIN disputes d ON d.charge_id = c.id
            LEFT JOIN returns r ON r.charge_id = c.id
        )
        SELECT 'C-' || id, format('%%s cleared, %%s in fees, %%s returned', cleared, fees, returned),
               format('%%s cleared, %%s in fees, %%s returned', cleared_minor, dispute_fee_minor,
                      returned_minor)
          FROM counted
         WHERE (cleared_minor, dispute_fee_minor, returned_minor) <> (cleared, fees, returned)
    """,
)

CHARGE_HELD = Check(
    name="charge_held",
    rule="What a charge counts as held on card clearing is what the transfers of its payment come to there.",
    query="""
        WITH held AS (
          SELECT c.id, sum(CASE t.debit_account_id WHEN m.clearing_account_id THEN t.amount_minor
                                                   ELSE -t.amount_minor END) AS minor
            FROM payments_charge c
            JOIN gateways_merchantaccount m ON m.id = c.merchant_account_id
            JOIN payments_payment p ON p.charge_id = c.id
            JOIN ledger_transfer t ON t.payment_id = p.id AND t.currency = c.currency
             AND m.clearing_account_id IN (t.debit_account_id, t.credit_account_id)
           GROUP BY c.id
        )
        SELECT 'C-' || c.id, coalesce(h.minor, 0), c.uncleared_minor + c.cleared_minor
          FROM payments_charge c LEFT JOIN held h ON h.id = c.id
         WHERE c.uncleared_minor + c.cleared_minor <> coalesce(h.minor, 0)
    """,
)

SETTLEMENT_RETURN = Check(
    name="settlement_return",
    rule="A returned settlement mirrors its transfer and counts what was paid again; a person sees the rest.",
    query="""
        WITH lines AS (
          SELECT settlement_return_id, sum(clears_minor) AS minor
            FROM payments_settlementline GROUP BY settlement_return_id
        ), returned AS (
          SELECT r.*, s.net_minor, s.currency AS settled_in, s.merchant_account_id AS settled_at,
                 s.net_transfer_id, s.booked_on IS NOT NULL AS is_booked, coalesce(l.minor, 0) AS paid_again,
                 EXISTS (SELECT FROM payments_settlementreturnreview v WHERE v.settlement_return_id = r.id)
                   AS is_seen
            FROM payments_settlementreturn r
            JOIN payments_settlement s ON s.id = r.settlement_id
            LEFT JOIN lines l ON l.settlement_return_id = r.id
        )
        SELECT 'the return of S-' || r.settlement_id,
               format('%%s %%s at account %%s, %%s paid again', r.net_minor, r.settled_in, r.settled_at,
                      r.paid_again),
               format('%%s %%s at account %%s, %%s paid again, %%s, transfer %%s', r.amount_minor, r.currency,
                      r.merchant_account_id, r.cleared_minor,
                      CASE WHEN r.waits_since IS NULL THEN 'seen' ELSE 'waiting for a person' END, t.id)
          FROM returned r
          LEFT JOIN ledger_transfer t ON t.id = r.transfer_id
          LEFT JOIN ledger_transfer o ON o.id = r.net_transfer_id
         WHERE (r.amount_minor, r.currency, r.merchant_account_id, r.cleared_minor, r.booked_on IS NOT NULL)
               <> (r.net_minor, r.settled_in, r.settled_at, r.paid_again, r.is_booked)
            OR (r.waits_since IS NULL AND r.uncleared_minor <> 0 AND NOT r.is_seen)
            OR (t.id IS NULL) <> (o.id IS NULL)
            OR (t.kind, t.amount_minor, t.currency, t.debit_account_id, t.credit_account_id, t.corrects_id,
                t.effective_on)
               <> (o.kind, o.amount_minor, o.currency, o.credit_account_id, o.debit_account_id, o.id,
                   r.booked_on)
    """,
)

CLEARING_BY_HAND = Check(
    name="clearing_by_hand",
    rule="What moved on card clearing by neither a charge nor a settlement is counted as moved by hand.",
    query="""
        WITH accounts AS (
          SELECT DISTINCT clearing_account_id AS id FROM gateways_merchantaccount
        ), moved AS (
          SELECT debit_account_id AS account_id, kind, currency, amount_minor AS minor, payment_id
            FROM ledger_transfer WHERE debit_account_id IN (SELECT id FROM accounts)
          UNION ALL
          SELECT credit_account_id, kind, currency, -amount_minor, payment_id
            FROM ledger_transfer WHERE credit_account_id IN (SELECT id FROM accounts)
        ), by_hand AS (
          SELECT m.account_id, m.currency, sum(m.minor) AS minor
            FROM moved m
            LEFT JOIN payments_payment p ON p.id = m.payment_id
           WHERE p.charge_id IS NULL AND m.kind <> 'settled'
             AND (m.kind <> 'processor_fee' OR m.payment_id IS NOT NULL)
           GROUP BY m.account_id, m.currency
        )
        SELECT format('account %%s, %%s', coalesce(b.account_id, k.account_id),
                      coalesce(b.currency, k.currency)),
               coalesce(b.minor, 0), coalesce(k.moved_minor, 0)
          FROM by_hand b
          FULL JOIN payments_clearingbyhand k ON k.account_id = b.account_id AND k.currency = b.currency
         WHERE coalesce(b.minor, 0) <> coalesce(k.moved_minor, 0)
    """,
)

CHECKS = (LINE_CLEARS, LINE_PAYS_AGAIN, CHARGE_CLEARED, CHARGE_HELD, CLEARING_BY_HAND, SETTLEMENT_RETURN)
