"""Undo a payment that was entered by mistake: its rows, its counters and its event."""

from datetime import date

from duebook.domain.commission_steps import EntryCause
from duebook.domain.permissions import Actor
from duebook.domain.reversing import ReversalDecision
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.act_plan import balances_told, plan_act
from duebook.payments.models import Reversal
from duebook.payments.write_path import PaymentCounters, Plan


def book_reversal(
    decision: ReversalDecision, *, reason: str, actor: Actor, on: date, request_key: str, hashed: str
) -> None:
    """Write what was decided and record ``payment.reversed``.

    Call it inside the transaction that holds the locks of ``lock_payment``.
    """
    payment = decision.payment
    plan = Plan()
    plan_act(plan, decision, cause=EntryCause.UNDONE, mirrored=decision.mirrored)
    plan.counters[payment.id] = PaymentCounters(
        allocated=-payment.allocated_minor, reversed=payment.amount_minor
    )
    write_path.book(plan)
    Reversal.objects.create(
        payment_id=payment.id,
        amount_minor=payment.amount_minor,
        reason=reason.strip(),
        reversed_on=on,
        reversed_by_id=actor.user_id,
    )
    record_event(
        name="payment.reversed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        payload={
            "payment_id": payment.id,
            "number": payment.number,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "reason": reason.strip(),
            "invoices": balances_told(decision.balances),
        },
    )
