"""Undo a refund that was entered by mistake, or that the customer's bank sent back to the gateway.

What it credited or wrote off is undone with it.
"""

from datetime import date

from django.db import transaction
from django.db.models import F

from duebook.domain.accounts import TransferKind
from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.commission_steps import CounterChange, EntryCause
from duebook.domain.money import Money
from duebook.domain.permissions import Actor
from duebook.domain.reversing_refunds import RefundReversalDecision, decide_refund_reversal
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.ledger.models import Transfer
from duebook.payments import write_path
from duebook.payments.act_plan import allocations_told, balances_told, plan_act
from duebook.payments.models import Charge, GatewayRefund, Refund, RefundReversal
from duebook.payments.refund_state import RefundRows, lock_refund, read_refund
from duebook.payments.reversal_booking import book_reversal
from duebook.payments.services.reverse_payment import PREVIEW_REASON, require_may_reverse
from duebook.payments.write_path import PaymentCounters, Plan


def preview_refund_reversal(*, refund_id: int, actor: Actor, on: date) -> RefundReversalDecision:
    """Everything that undoing the refund would do; writes nothing. Raises as ``reverse_refund``."""
    return _decide(read_refund(refund_id), PREVIEW_REASON, actor, on)


@transaction.atomic
def reverse_refund(
    *, refund_id: int, reason: str, request_key: str, actor: Actor, on: date
) -> RefundReversalDecision | None:
    """Undo the refund; None when this very request did so before.

    What it used of a day's limit stays used. Money that came back is in card clearing again. Locks the
    contact, the invoices, the payments and the charge. Records ``refund.reversed``, and ``payment.reversed``
    for what was credited or written off. Raises NotFound, Forbidden, AboveLimit, CardNumberTyped, KeyReused
    and what ``decide_refund_reversal`` raises.
    """
    lock_refund(refund_id)
    hashed = input_hash(["undo refund", refund_id, reason])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    decision = _decide(read_refund(refund_id), reason, actor, on)
    if decision.adjustment is not None:
        book_reversal(
            decision.adjustment,
            reason=reason,
            actor=actor,
            on=on,
            request_key=f"{request_key}:rest",
            hashed=hashed,
        )
    write_path.book(_plan(decision))
    _count_on_charge(decision)
    RefundReversal.objects.create(
        refund_id=refund_id,
        transfer_id=_money_back(decision).pk,
        reason=reason.strip(),
        reversed_on=on,
        reversed_by_id=actor.user_id,
    )
    _record(decision, reason.strip(), actor, request_key, hashed)
    return decision


def _decide(rows: RefundRows, reason: str, actor: Actor, on: date) -> RefundReversalDecision:
    payment = rows.payment.state
    require_may_reverse(rows, Money(rows.refund.amount_minor, payment.currency), actor, on)
    refuse_card_numbers(reason=reason)
    return decide_refund_reversal(
        payment,
        rows.refund,
        on=on,
        reason=reason,
        credited=rows.credited,
        invoices=rows.payment.invoices,
        closed_until=rows.payment.closed_until,
    )


def _plan(decision: RefundReversalDecision) -> Plan:
    payment = decision.payment
    plan = Plan()
    plan_act(plan, decision, cause=EntryCause.REFUND_UNDONE, mirrored=decision.mirrored)
    for taken in decision.refund.taken_off:
        plan.count(taken.invoice_id, CounterChange(back=taken.minor))
    plan.counters[payment.id] = PaymentCounters(
        allocated=decision.applied.minor, refunded=-decision.amount.minor
    )
    return plan


def _count_on_charge(decision: RefundReversalDecision) -> None:
    """The charge counts what came back as refunded no more, so it waits for a settlement again."""
    if not decision.refund.came_back:
        return
    attempt = Refund.objects.filter(pk=decision.refund.id).values("gateway_refund_id")
    charge = GatewayRefund.objects.filter(pk__in=attempt).values("charge")
    Charge.objects.filter(pk__in=charge).update(refunded_minor=F("refunded_minor") - decision.amount.minor)


def _money_back(decision: RefundReversalDecision) -> Transfer:
    """The transfer that was just booked in the place of the money that had not gone."""
    took = next(m.corrects_id for m in decision.mirrored if m.movement.kind is TransferKind.REFUNDED)
    return Transfer.objects.get(corrects_id=took)


def _record(
    decision: RefundReversalDecision, reason: str, actor: Actor, request_key: str, hashed: str
) -> None:
    payment, undone = decision.payment, decision.adjustment
    record_event(
        name="refund.reversed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        payload={
            "refund_id": decision.refund.id,
            "payment_id": payment.id,
            "number": payment.number,
            "amount_minor": decision.amount.minor,
            "currency": payment.currency,
            "reason": reason,
            "came_back": decision.refund.came_back,
            "credit_minor": decision.credit_back.minor,
            "applied_again": allocations_told(decision.allocations, decision.balances),
            "adjustment": {
                "payment_id": undone.payment.id,
                "number": undone.payment.number,
                "amount_minor": undone.amount.minor,
            }
            if undone
            else None,
            "invoices": balances_told(decision.balances),
        },
    )
