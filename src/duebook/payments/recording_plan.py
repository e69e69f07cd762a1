"""Record one decided payment: the rows, however many payments the statement writes."""

from typing import Any

from duebook.domain.commission_steps import EntryCause
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor
from duebook.domain.recording import PaymentDecision
from duebook.payments.plan import Plan


def plan_recording(
    plan: Plan,
    decision: PaymentDecision,
    payment_id: int,
    number: int,
    actor: Actor,
    request_key: str,
    hashed: str,
    charge_id: int | None = None,
) -> dict[str, Any]:
    """Put the rows of one decided payment into the plan; returns the payload of its event."""
    wanted = decision.input
    row = _row(decision, actor) | {"id": payment_id, "number": number, "charge_id": charge_id}
    plan.payments.append(row)
    for part in decision.applied:
        plan.allocate(
            payment_id=payment_id,
            invoice_id=part.invoice_id,
            minor=part.amount.minor,
            counts=wanted.apply_to_commissions,
            is_money=decision.type.kind is PaymentKind.MONEY,
            applied_on=part.applied_on,
        )
    currency, contact_id = wanted.amount.currency, wanted.contact_id
    for movement in decision.movements:
        plan.transfer(movement, currency=currency, contact_id=contact_id, payment_id=payment_id)
    plan.step_commissions(
        decision.commissions,
        cause=EntryCause.PAYMENT,
        currency=currency,
        contact_id=contact_id,
        payment_id=payment_id,
    )
    payload = _told(decision, payment_id, number)
    plan.tell(
        name="payment.recorded",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payment_id=payment_id,
        payload=payload,
    )
    return payload


def _row(decision: PaymentDecision, actor: Actor) -> dict[str, Any]:
    wanted = decision.input
    return {
        "contact_id": wanted.contact_id,
        "payment_type_id": decision.type.id,
        "kind": decision.type.kind.value,
        "amount_minor": wanted.amount.minor,
        "currency": wanted.amount.currency,
        "received_on": wanted.received_on.isoformat(),
        "reference": wanted.reference,
        "notes": wanted.notes,
        "apply_to_commissions": wanted.apply_to_commissions,
        "recorded_by_id": actor.user_id,
        "source": actor.source.value,
        "allocated_minor": wanted.amount.minor - decision.credit.minor,
    }


def _told(decision: PaymentDecision, payment_id: int, number: int) -> dict[str, Any]:
    """What the event says of the payment."""
    wanted = decision.input
    return {
        "payment_id": payment_id,
        "number": number,
        "amount_minor": wanted.amount.minor,
        "currency": wanted.amount.currency,
        "payment_type": decision.type.label,
        "received_on": wanted.received_on.isoformat(),
        "applied": [
            {"invoice_id": p.invoice_id, "number": p.number, "amount_minor": p.amount.minor}
            for p in decision.applied
        ],
        "credit_minor": decision.credit.minor,
    }
