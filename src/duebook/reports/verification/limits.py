"""Checks of the limits of a day: what is counted is what was done."""

from duebook.reports.verification.check import Check

DAY_USE = Check(
    name="day_use",
    rule="What a person has used of a day's limit is the sum of the acts that count.",
    query="""
        WITH acts AS (
          SELECT day_use_id, sum(amount_minor) AS minor
            FROM payments_limituse WHERE counts GROUP BY day_use_id
        )
        SELECT format('user %%s, %%s on %%s', d.user_id, d."right", d.day), coalesce(a.minor, 0), d.used_minor
          FROM payments_dayuse d LEFT JOIN acts a ON a.day_use_id = d.id
         WHERE coalesce(a.minor, 0) <> d.used_minor
    """,
)

LIMIT_USE = Check(
    name="limit_use",
    rule="An act counts with its amount for the person who did it, unless it provably moved no money.",
    query="""
        WITH acts AS (
          SELECT u.id, format('%%s by %%s, counts: %%s', u.amount_minor, d.user_id, u.counts) AS found,
                 CASE WHEN c.id IS NOT NULL
                      THEN format('%%s by %%s, counts: %%s', c.amount_minor, c.prepared_by_id,
                                  c.state NOT IN ('declined', 'not_performed'))
                      ELSE format('%%s by %%s, counts: %%s', g.amount_minor, g.prepared_by_id,
                                  g.state <> 'failed') END AS expected
            FROM payments_limituse u
            JOIN payments_dayuse d ON d.id = u.day_use_id
            LEFT JOIN payments_charge c ON c.id = u.charge_id
            LEFT JOIN payments_gatewayrefund g ON g.id = u.gateway_refund_id
           WHERE u.payment_id IS NULL
          UNION ALL
          SELECT max(u.id), sum(u.amount_minor) || ' refunded by hand by ' || d.user_id,
                 least(sum(u.amount_minor), coalesce(
                   (SELECT sum(r.amount_minor) FROM payments_refund r
                     WHERE r.payment_id = u.payment_id AND r.means = 'by_hand'
                       AND r.recorded_by_id = d.user_id), 0)) || ' refunded by hand by ' || d.user_id
            FROM payments_limituse u JOIN payments_dayuse d ON d.id = u.day_use_id
           WHERE u.payment_id IS NOT NULL GROUP BY u.payment_id, d.user_id
        )
        SELECT 'act ' || id, expected, found FROM acts WHERE expected <> found
    """,
)

CHECKS = (DAY_USE, LIMIT_USE)
