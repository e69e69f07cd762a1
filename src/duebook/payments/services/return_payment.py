"""Record that the bank took a payment back: a bounced check, or a chargeback told by letter."""

from datetime import date

from django.db import transaction
from django.db.models import F

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.commission_steps import CounterChange, EntryCause
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.domain.returning import ReturnDecision, decide_return
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.act_plan import balances_told, plan_act
from duebook.payments.models import Charge, Payment, Return
from duebook.payments.state import lock_payment, read_payment
from duebook.payments.write_path import PaymentCounters, Plan


def preview_return(
    *, payment_id: int, returned_on: date, reason: str, fee: Money | None, actor: Actor, on: date
) -> ReturnDecision:
    """What recording the return would do; writes nothing. Raises as ``return_payment``."""
    rows = read_payment(payment_id)
    actor.require_within(Right.RETURN_PAYMENTS, Money(rows.state.amount_minor, rows.state.currency))
    refuse_card_numbers(reason=reason)
    return decide_return(
        rows.state,
        on=on,
        returned_on=returned_on,
        reason=reason,
        fee=fee,
        allocations=rows.allocations,
        invoices=rows.invoices,
        closed_until=rows.closed_until,
    )


@transaction.atomic
def return_payment(
    *,
    payment_id: int,
    returned_on: date,
    reason: str,
    fee: Money | None = None,
    request_key: str,
    actor: Actor,
    on: date,
) -> ReturnDecision | None:
    """Open the payment's invoices again, dated ``returned_on``; None when this request did so before.

    Locks the contact, the invoices, the payment and its charge. Records ``payment.returned``.
    Raises NotFound, Forbidden, AboveLimit, CardNumberTyped, KeyReused and what ``decide_return`` raises.
    """
    lock_payment(payment_id)
    hashed = input_hash([payment_id, returned_on, reason, fee])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    decision = preview_return(
        payment_id=payment_id, returned_on=returned_on, reason=reason, fee=fee, actor=actor, on=on
    )
    payment = decision.payment
    plan = Plan()
    plan_act(plan, decision, cause=EntryCause.RETURNED, movements=decision.movements)
    for row in decision.allocations:
        plan.count(row.invoice_id, CounterChange(back=-row.minor))
    plan.counters[payment.id] = PaymentCounters(
        allocated=-payment.allocated_minor, returned=decision.amount.minor
    )
    write_path.book(plan)
    Return.objects.create(
        payment_id=payment.id,
        amount_minor=decision.amount.minor,
        fee_minor=decision.fee.minor,
        returned_on=returned_on,
        reason=reason.strip(),
        recorded_by_id=actor.user_id,
    )
    if payment.from_gateway:
        _count_on_charge(payment.id, decision)
    record_event(
        name="payment.returned",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        payload={
            "payment_id": payment.id,
            "number": payment.number,
            "amount_minor": decision.amount.minor,
            "fee_minor": decision.fee.minor,
            "currency": payment.currency,
            "returned_on": returned_on.isoformat(),
            "reason": reason.strip(),
            "invoices": balances_told(decision.balances),
        },
    )
    return decision


def _count_on_charge(payment_id: int, decision: ReturnDecision) -> None:
    """A charge that the bank took back by letter left card clearing with its payment."""
    of_payment = Payment.objects.filter(pk=payment_id).values("charge_id")
    Charge.objects.filter(pk__in=of_payment).update(
        returned_minor=F("returned_minor") + decision.amount.minor
    )
