"""What a dispute that moves money of a payment writes: its rows and counters, put into a plan."""

from duebook.domain.commission_steps import CounterChange, EntryCause
from duebook.domain.disputes import DisputeDecision
from duebook.domain.recording import Movement
from duebook.domain.reversing import Mirrored
from duebook.payments.act_plan import plan_act
from duebook.payments.plan import PaymentCounters, Plan


def plan_dispute(decision: DisputeDecision, *, corrects_id: int | None = None) -> Plan:
    """The plan of taking money, or of bringing it back; then ``corrects_id`` is the transfer that took it,
    which the first movement takes back.
    """
    payment = decision.payment
    plan = Plan()
    mirrored, movements = [], list(decision.movements)
    if corrects_id is not None:
        mirrored.append(Mirrored(movements.pop(0), corrects_id))
    plan_act(
        plan,
        decision,
        cause=EntryCause.DISPUTED if decision.minor > 0 else EntryCause.DISPUTE_WON,
        mirrored=mirrored,
        movements=movements,
    )
    for invoice_id, minor in decision.back.items():
        plan.count(invoice_id, CounterChange(back=minor))
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
