"""Record that money of a payment was given back: the rows, for a refund by hand and by a gateway alike."""

from duebook.domain.commission_steps import CounterChange, EntryCause
from duebook.domain.permissions import Actor
from duebook.domain.refunding import RefundDecision
from duebook.payments import write_path
from duebook.payments.act_plan import allocations_told, balances_told, plan_act
from duebook.payments.plan import PaymentCounters, Plan
from duebook.payments.recording_plan import plan_recording


def plan_refund(
    plan: Plan,
    decision: RefundDecision,
    *,
    actor: Actor,
    request_key: str,
    hashed: str,
    gateway_refund_id: int | None = None,
) -> None:
    """Put the refund, what it takes off invoices, what it credits and its events into the plan.

    Call it inside the transaction that holds the locks of ``lock_payment`` and books the plan. The adjustment
    is a payment of its own, whose event has a key derived from the request's.
    """
    payment, wanted = decision.payment, decision.input
    plan_act(plan, decision, cause=EntryCause.REFUNDED, movements=decision.movements)
    for row in decision.allocations:
        plan.count(row.invoice_id, CounterChange(back=-row.minor))
    counters = plan.counters.setdefault(payment.id, PaymentCounters())
    counters.allocated -= decision.reopened.minor
    counters.refunded += wanted.amount.minor
    plan.refunds.append(
        {
            "payment_id": payment.id,
            "amount_minor": wanted.amount.minor,
            "currency": payment.currency,
            "refunded_on": wanted.refunded_on.isoformat(),
            "account_id": wanted.account_id,
            "means": wanted.means.value,
            "reference": wanted.reference.strip(),
            "reason": wanted.reason.strip(),
            "gateway_refund_id": gateway_refund_id,
            "recorded_by_id": actor.user_id,
        }
    )
    adjustment = _plan_adjustment(plan, decision, actor, f"{request_key}:rest", hashed)
    plan.tell(
        name="payment.refunded",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        payload={
            "payment_id": payment.id,
            "number": payment.number,
            "amount_minor": wanted.amount.minor,
            "currency": payment.currency,
            "refunded_on": wanted.refunded_on.isoformat(),
            "means": wanted.means.value,
            "gateway_refund_id": gateway_refund_id,
            "reason": wanted.reason.strip(),
            "credit_minor": decision.credit_used.minor,
            "taken_off": allocations_told(decision.allocations, decision.balances),
            "owes_minor": decision.owes.minor,
            "rest": wanted.rest.value,
            "adjustment": adjustment,
            "invoices": balances_told(decision.balances),
        },
    )


def _plan_adjustment(
    plan: Plan, decision: RefundDecision, actor: Actor, request_key: str, hashed: str
) -> dict[str, int] | None:
    """The payment that lowers what is owed; what the refund's event says of it."""
    if decision.adjustment is None:
        return None
    payment_id, number = write_path.new_payment_id()
    plan_recording(plan, decision.adjustment, payment_id, number, actor, request_key, hashed)
    return {"payment_id": payment_id, "number": number, "amount_minor": decision.not_owed.minor}
