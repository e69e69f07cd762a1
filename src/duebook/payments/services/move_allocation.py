"""Move what a payment settles from one invoice to another, or release it to credit on account."""

from datetime import date

from django.db import transaction

from duebook.domain.commission_steps import EntryCause
from duebook.domain.money import Money
from duebook.domain.moving import MoveDecision, decide_move
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.act_plan import balances_told, plan_act
from duebook.payments.state import lock_payment, read_payment
from duebook.payments.write_path import PaymentCounters, Plan


def preview_move(
    *,
    payment_id: int,
    from_invoice_id: int,
    to_invoice_id: int | None,
    amount: Money,
    actor: Actor,
    on: date,
) -> MoveDecision:
    """What the move would do; writes nothing. Raises as ``move_allocation``."""
    actor.require(Right.MOVE_ALLOCATIONS)
    others = [from_invoice_id] if to_invoice_id is None else [from_invoice_id, to_invoice_id]
    rows = read_payment(payment_id, other_invoice_ids=others)
    return decide_move(
        rows.state,
        on=on,
        from_invoice_id=from_invoice_id,
        to_invoice_id=to_invoice_id,
        amount=amount,
        allocations=rows.allocations,
        invoices=rows.invoices,
        closed_until=rows.closed_until,
    )


@transaction.atomic
def move_allocation(
    *,
    payment_id: int,
    from_invoice_id: int,
    to_invoice_id: int | None,
    amount: Money,
    request_key: str,
    actor: Actor,
    on: date,
) -> MoveDecision | None:
    """Take the amount off one invoice and apply it to the other (None: keep it as credit on account).

    What counts for commissions goes on counting. None when this very request did so before. Locks the
    contact, the invoices and the payment. Records ``allocation.moved``.
    Raises NotFound, Forbidden, KeyReused and what ``decide_move`` raises.
    """
    lock_payment(payment_id, other_invoice_ids=[] if to_invoice_id is None else [to_invoice_id])
    hashed = input_hash([payment_id, from_invoice_id, to_invoice_id, amount])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    decision = preview_move(
        payment_id=payment_id,
        from_invoice_id=from_invoice_id,
        to_invoice_id=to_invoice_id,
        amount=amount,
        actor=actor,
        on=on,
    )
    payment = decision.payment
    plan = Plan()
    plan_act(plan, decision, cause=EntryCause.MOVED, movements=decision.movements)
    released = sum(row.minor for row in decision.allocations)
    if released:
        plan.counters[payment.id] = PaymentCounters(allocated=released)
    write_path.book(plan)
    record_event(
        name="allocation.moved",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        payload={
            "payment_id": payment.id,
            "number": payment.number,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "from_invoice_id": from_invoice_id,
            "to_invoice_id": to_invoice_id,
            "invoices": balances_told(decision.balances),
        },
    )
    return decision
