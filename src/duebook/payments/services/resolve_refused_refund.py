"""Say that a refund which the gateway refused was dealt with, and how."""

from django.db import transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import NotFound, RefundNotRefused
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.models import GatewayRefund, RefundResolution
from duebook.payments.to_decide import refused_refunds


@transaction.atomic
def resolve_refused_refund(*, attempt_id: int, note: str, request_key: str, actor: Actor) -> None:
    """Keep who dealt with it and what was done: nothing more is to be done.

    Locks the refund. Records ``refund.resolved``. Raises NotFound, Forbidden, CardNumberTyped,
    RefundNotRefused, KeyReused.
    """
    rows = GatewayRefund.objects.filter(pk=attempt_id)
    if not rows.select_for_update(no_key=True, of=("self",)).values_list("pk"):
        raise NotFound(what="Refund", id=attempt_id)
    hashed = input_hash(["resolve", attempt_id, note])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.REFUND)
    refuse_card_numbers(note=note)
    attempt = rows.select_related("payment").get()
    if not refused_refunds().filter(pk=attempt_id).exists():
        raise RefundNotRefused(number=str(attempt))
    RefundResolution.objects.create(gateway_refund=attempt, note=note.strip(), resolved_by_id=actor.user_id)
    record_event(
        name="refund.resolved",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=attempt.payment.contact_id,
        payment_id=attempt.payment_id,
        payload={
            "gateway_refund_id": attempt_id,
            "payment_id": attempt.payment_id,
            "number": str(attempt),
            "amount_minor": attempt.amount_minor,
            "currency": attempt.currency,
            "reason": note.strip(),
        },
    )
