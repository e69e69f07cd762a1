"""Checks of card clearing: what each charge counts as held there and as cleared is what the rows say."""

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
           AND c.gateway_id <> '' AND c.currency = s.currency
         WHERE l.charge_id IS DISTINCT FROM c.id
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

CHECKS = (LINE_CLEARS, CHARGE_CLEARED, CHARGE_HELD)
