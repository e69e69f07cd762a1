"""Checks of what one person asked for and another decided: it was carried out, once, by somebody else."""

from duebook.reports.verification.check import Check

REQUEST_REFUNDED = Check(
    name="request_refunded",
    rule="A refund request has its refund exactly when it is approved, by another person than who asked.",
    query="""
        WITH carried_out AS (
          SELECT q.id, (e.payload->>'amount_minor')::bigint AS minor, e.payment_id
            FROM payments_refundrequest q
            JOIN events_event e ON e.actor_id = q.decided_by_id
             AND e.request_key = 'refund-request:' || q.id
             AND e.name IN ('payment.refunded', 'refund.prepared')
        )
        SELECT 'RR-' || q.id,
               CASE q.state WHEN 'approved' THEN q.amount_minor || ' by another person' ELSE 'no refund' END,
               coalesce(c.minor || ' by ' || q.decided_by_id || ', asked by ' || q.asked_by_id, 'no refund')
          FROM payments_refundrequest q LEFT JOIN carried_out c ON c.id = q.id
         WHERE (q.state = 'approved') <> (c.id IS NOT NULL)
            OR (c.id IS NOT NULL AND (c.minor, c.payment_id) <> (q.amount_minor, q.payment_id))
            OR (q.state = 'approved' AND q.decided_by_id = q.asked_by_id)
    """,
)

OUTCOME_SETTLED = Check(
    name="outcome_settled",
    rule="A charge or refund is settled by hand exactly by an outcome that another person has approved, or "
    "the same one a day later when nobody else could.",
    query="""
        WITH seen AS (
          SELECT id, charge_id, gateway_refund_id, seen, (payload->>'proposal_id')::bigint AS proposal_id
            FROM payments_observation WHERE channel = 'by_hand'
        )
        SELECT coalesce('R-' || coalesce(o.gateway_refund_id, s.gateway_refund_id),
                        'C-' || coalesce(o.charge_id, s.charge_id)),
               CASE o.state WHEN 'approved' THEN o.outcome ELSE 'not settled by hand' END,
               coalesce(s.seen, 'not settled by hand')
          FROM (SELECT p.*, coalesce(p.charge_id, g.charge_id) AS of_charge
                  FROM payments_outcomeproposal p
                  LEFT JOIN payments_gatewayrefund g ON g.id = p.gateway_refund_id) AS o
          FULL JOIN seen s ON s.proposal_id = o.id
         WHERE (coalesce(o.state, '') = 'approved') <> (s.id IS NOT NULL)
            OR (s.id IS NOT NULL AND ((s.charge_id, s.gateway_refund_id)
                  IS DISTINCT FROM (o.of_charge, o.gateway_refund_id)
                OR (o.outcome = 'happened') <> (s.seen = 'succeeded')
                OR (o.decided_by_id = o.asked_by_id
                    AND (o.decided_at < o.asked_at + interval '24 hours'
                         OR NOT EXISTS (SELECT FROM events_event e
                                         WHERE e.name = 'outcome.approved' AND e.payload->>'others' = '0'
                                           AND (e.payload->>'proposal_id')::bigint = o.id)))))
    """,
)

PAYOUT_APPROVED = Check(
    name="payout_approved",
    # Before there was this rule an only user could approve at once, and the event did not count the others.
    rule="A payout is approved before it is paid, by another person than its builder, or by that one a day "
    "later when nobody else could.",
    query="""
        SELECT 'PO-' || b.number, 'approved by another person',
               CASE WHEN b.decided_by_id IS NULL THEN b.state || ', approved by nobody'
                    WHEN e.id IS NULL THEN b.state || ' without an event of the approval'
                    ELSE 'approved by the builder beside so many others: ' || (e.payload->>'others') END
          FROM commissions_payoutbatch b
          LEFT JOIN events_event e ON e.name = 'payout.approved' AND e.actor_id = b.decided_by_id
           AND (e.payload->>'batch_id')::bigint = b.id
         WHERE b.state IN ('approved', 'paid')
           AND (b.decided_by_id IS NULL OR e.id IS NULL
                OR (b.decided_by_id = b.built_by_id AND e.payload->>'others' IS NOT NULL
                    AND (b.decided_at < b.built_at + interval '24 hours'
                         OR e.payload->>'others' <> '0')))
    """,
)

CHECKS = (REQUEST_REFUNDED, OUTCOME_SETTLED, PAYOUT_APPROVED)
