"""Reject a payout batch: its entries are free for the next one."""

from django.db import transaction
from django.utils import timezone

from duebook.commissions.locks import lock_batch, require_state
from duebook.commissions.models import PayoutBatch, PayoutLine
from duebook.domain.errors import ReasonRequired
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event


@transaction.atomic
def reject_payout_batch(*, batch_id: int, reason: str, request_key: str, actor: Actor) -> PayoutBatch:
    """Reject a batch that is not paid, by who may approve or by its builder; its lines are released.

    Locks the batch. Records ``payout.rejected``.
    Raises NotFound, Forbidden, ReasonRequired, BatchState, KeyReused.
    """
    batch = lock_batch(batch_id)
    hashed = input_hash(["reject", batch_id, reason])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return batch
    actor.require(Right.CREATE_PAYOUTS if batch.built_by_id == actor.user_id else Right.APPROVE_PAYOUTS)
    if not reason.strip():
        raise ReasonRequired
    require_state(batch, PayoutBatch.States.BUILT, PayoutBatch.States.APPROVED)
    PayoutLine.objects.filter(payout__batch=batch).update(live=False)
    batch.state = PayoutBatch.States.REJECTED
    batch.decided_by_id = actor.user_id
    batch.decided_at = timezone.now()
    batch.reason = reason.strip()
    batch.save(update_fields=["state", "decided_by_id", "decided_at", "reason"])
    record_event(
        name="payout.rejected",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"batch_id": batch.pk, "number": str(batch), "reason": batch.reason},
    )
    return batch
