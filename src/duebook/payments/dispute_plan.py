"""What a dispute that moves money of a payment writes: its rows and counters, put into a plan."""

from duebook.domain.commission_steps import CounterChange, EntryCause
from duebook.domain.disputes import DisputeDecision
from duebook.domain.recording import Movement
from duebook.payments.plan import PaymentCounters, Plan


def plan_dispute(decision: DisputeDecision, *, corrects_id: int | None = None) -> Plan:
    """The plan of taking money, or of bringing it back; then ``corrects_id`` is the transfer that took it."""
    payment = decision.payment
    plan = Plan()
    for row in decision.allocations:
        plan.allocate(
            payment_id=payment.id,
            invoice_id=row.invoice_id,
            minor=row.minor,
            counts=row.counts,
            is_money=True,
            applied_on=row.applied_on,
        )
    for invoice_id, minor in decision.back.items():
        plan.count(invoice_id, CounterChange(back=minor))
    for movement in decision.movements:
        plan.transfer(
            movement,
            currency=payment.currency,
            contact_id=payment.contact_id,
            payment_id=payment.id,
            corrects_id=corrects_id if movement.invoice_id is None else None,
        )
    plan.step_commissions(
        decision.commissions,
        cause=EntryCause.DISPUTED if decision.minor > 0 else EntryCause.DISPUTE_WON,
        currency=payment.currency,
        contact_id=payment.contact_id,
        payment_id=payment.id,
    )
    plan.counters[payment.id] = PaymentCounters(
        allocated=sum(row.minor for row in decision.allocations), returned=decision.minor
    )
    return plan


def plan_fee(
    movement: Movement, *, currency: str, contact_id: int, payment_id: int, corrects_id: int | None = None
) -> Plan:
    """The plan of a fee alone."""
    plan = Plan()
    plan.transfer(
        movement,
        currency=currency,
        contact_id=contact_id,
        payment_id=payment_id,
        corrects_id=corrects_id,
    )
    return plan
