"""Approve a payout batch that another person built."""

from django.db import transaction
from django.utils import timezone

from duebook.commissions.locks import lock_batch, require_state
from duebook.commissions.models import PayoutBatch
from duebook.domain.errors import OwnBatch
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.models import User


@transaction.atomic
def approve_payout_batch(*, batch_id: int, request_key: str, actor: Actor) -> PayoutBatch:
    """Approve the batch; not by its builder unless the business has one active user.

    Locks the batch. Records ``payout.approved``. Raises NotFound, Forbidden, BatchState, OwnBatch, KeyReused.
    """
    batch = lock_batch(batch_id)
    hashed = input_hash(["approve", batch_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return batch
    actor.require(Right.APPROVE_PAYOUTS)
    require_state(batch, PayoutBatch.States.BUILT)
    if batch.built_by_id == actor.user_id and User.objects.filter(is_active=True).count() > 1:
        raise OwnBatch
    batch.state = PayoutBatch.States.APPROVED
    batch.decided_by_id = actor.user_id
    batch.decided_at = timezone.now()
    batch.save(update_fields=["state", "decided_by_id", "decided_at"])
    record_event(
        name="payout.approved",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"batch_id": batch.pk, "number": str(batch)},
    )
    return batch
