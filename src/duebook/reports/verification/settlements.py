"""Checks of settlements: what processors paid stands in the books once, with what it consists of."""

from duebook.reports.verification.check import Check

SETTLEMENT_LINES = Check(
    name="settlement_lines",
    rule="The lines of a settlement are of its account and add up to it.",
    query="""
        WITH lines AS (
          SELECT settlement_id, sum(gross_minor) AS gross, sum(fee_minor) AS fee,
                 array_agg(DISTINCT merchant_account_id) AS accounts
            FROM payments_settlementline GROUP BY settlement_id
        )
        SELECT 'S-' || s.id, format('%%s gross, %%s fees at account %%s', s.gross_minor, s.fee_minor,
                                    s.merchant_account_id),
               format('%%s gross, %%s fees at account %%s', coalesce(l.gross, 0), coalesce(l.fee, 0),
                      l.accounts[1])
          FROM payments_settlement s LEFT JOIN lines l ON l.settlement_id = s.id
         WHERE (s.gross_minor, s.fee_minor) <> (coalesce(l.gross, 0), coalesce(l.fee, 0))
            OR l.accounts <> ARRAY[s.merchant_account_id]
    """,
)

SETTLEMENT_TRANSFERS = Check(
    name="settlement_transfers",
    rule="A settlement has booked its net to the bank and its fees but those of disputes, off card clearing.",
    query="""
        WITH settled AS (
          SELECT s.*, m.clearing_account_id, s.fee_minor - coalesce((
                   SELECT sum(l.fee_minor) FROM payments_settlementline l
                    WHERE l.settlement_id = s.id AND l.kind IN ('dispute', 'dispute reversed')), 0) AS own_fee
            FROM payments_settlement s JOIN gateways_merchantaccount m ON m.id = s.merchant_account_id
        ), wanted AS (
          SELECT id, currency, booked_on, clearing_account_id, 'settled' AS kind, %(bank)s AS other,
                 net_minor AS minor, net_transfer_id AS transfer_id FROM settled
          UNION ALL
          SELECT id, currency, booked_on, clearing_account_id, 'processor_fee', %(processor_fees)s,
                 own_fee, fee_transfer_id FROM settled
        )
        SELECT format('S-%%s %%s', w.id, w.kind),
               CASE WHEN w.booked_on IS NULL THEN 'nothing, for want of a currency'
                    ELSE format('%%s %%s on %%s', w.minor, w.currency, w.booked_on) END,
               CASE WHEN t.id IS NULL THEN 'no transfer'
                    ELSE format('%%s %%s %%s on %%s from %%s to %%s', t.kind, t.amount_minor, t.currency,
                                t.effective_on, t.credit_account_id, t.debit_account_id) END
          FROM wanted w LEFT JOIN ledger_transfer t ON t.id = w.transfer_id
         WHERE (t.id IS NOT NULL) <> (w.minor <> 0 AND w.booked_on IS NOT NULL)
            OR (t.kind, t.currency, t.effective_on, t.amount_minor, t.debit_account_id, t.credit_account_id)
               <> (w.kind, w.currency, w.booked_on, abs(w.minor),
                   CASE WHEN w.minor > 0 THEN w.other ELSE w.clearing_account_id END,
                   CASE WHEN w.minor > 0 THEN w.clearing_account_id ELSE w.other END)
    """,
)

SETTLEMENT_UNBOOKED = Check(
    name="settlement_unbooked",
    rule="A settlement that is not booked, for want of a currency, clears nothing.",
    query="""
        SELECT 'S-' || s.id, 'booked', format('not booked, and line %%s clears %%s', l.id, l.clears_minor)
          FROM payments_settlement s JOIN payments_settlementline l ON l.settlement_id = s.id
         WHERE s.booked_on IS NULL AND (l.charge_id IS NOT NULL OR l.settlement_return_id IS NOT NULL)
    """,
)

TRANSFER_OF_SETTLEMENT = Check(
    name="transfer_of_settlement",
    rule="Whatever left card clearing for the bank, or for fees of no payment, belongs to a settlement.",
    query="""
        SELECT 'transfer ' || t.id, 'a settlement', 'none'
          FROM ledger_transfer t
         WHERE t.kind = 'settled'
           AND NOT EXISTS (SELECT FROM payments_settlement s WHERE s.net_transfer_id = t.id)
           AND NOT EXISTS (SELECT FROM payments_settlementreturn r WHERE r.transfer_id = t.id)
        UNION ALL
        SELECT 'transfer ' || t.id, 'a settlement or a payment', 'none'
          FROM ledger_transfer t
         WHERE t.kind = 'processor_fee' AND t.payment_id IS NULL
           AND NOT EXISTS (SELECT FROM payments_settlement s WHERE s.fee_transfer_id = t.id)
    """,
)

SETTLEMENT_EVENT = Check(
    name="settlement_event",
    rule="A settlement has one event, and the event has a settlement; so has each return of one.",
    query="""
        SELECT 'S-' || coalesce(r.settlement_id, e.settlement_id), 'one event settlement.returned of one',
               CASE WHEN r.id IS NULL THEN 'an event of none' ELSE coalesce(e.events, 0) || ' events' END
          FROM payments_settlementreturn r
          FULL JOIN (SELECT (payload->>'settlement_id')::bigint AS settlement_id, count(*) AS events
                       FROM events_event WHERE name = 'settlement.returned' GROUP BY 1) AS e
            ON e.settlement_id = r.settlement_id
         WHERE r.id IS NULL OR e.events IS DISTINCT FROM 1
        UNION ALL
        SELECT 'S-' || coalesce(s.id, e.settlement_id), 'one event settlement.imported of a settlement',
               CASE WHEN s.id IS NULL THEN 'an event of none' ELSE coalesce(e.events, 0) || ' events' END
          FROM payments_settlement s
          FULL JOIN (SELECT (payload->>'settlement_id')::bigint AS settlement_id, count(*) AS events
                       FROM events_event WHERE name = 'settlement.imported' GROUP BY 1) AS e
            ON e.settlement_id = s.id
         WHERE s.id IS NULL OR e.events IS DISTINCT FROM 1
    """,
)

CHECKS = (
    SETTLEMENT_LINES,
    SETTLEMENT_TRANSFERS,
    SETTLEMENT_UNBOOKED,
    TRANSFER_OF_SETTLEMENT,
    SETTLEMENT_EVENT,
)
