"""Locking payout batches, the last in the lock order."""

from duebook.commissions.models import PayoutBatch
from duebook.domain.errors import BatchState, NotFound


def lock_batch(batch_id: int) -> PayoutBatch:
    """Lock the batch, then read it. Raises NotFound."""
    found = PayoutBatch.objects.select_for_update(no_key=True, of=("self",)).filter(pk=batch_id)
    if not found.values_list("pk"):
        raise NotFound(what="Payout", id=batch_id)
    return PayoutBatch.objects.get(pk=batch_id)


def require_state(batch: PayoutBatch, *states: PayoutBatch.States) -> None:
    """Raise BatchState unless the batch is in one of the states."""
    if batch.state not in states:
        raise BatchState(number=str(batch), state=PayoutBatch.States(batch.state).label.lower())
