"""Approve a payout batch that another person built."""

from django.db import transaction
from django.utils import timezone

from duebook.commissions.locks import lock_batch, require_state
from duebook.commissions.models import PayoutBatch
from duebook.commissions.payouts import company_of
from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Answer, RequestState, decide_answer
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.locks import lock_owners


@transaction.atomic
def approve_payout_batch(*, batch_id: int, request_key: str, actor: Actor) -> PayoutBatch:
    """Approve the batch: another person than its builder does; where there is none, the builder a day later.

    The event of one who approves the own batch says that nobody else was there. Locks the active owners where
    it is one's own, then the batch. Records ``payout.approved``. Raises NotFound, Forbidden, BatchState,
    OwnRequest, OwnRequestTooSoon, KeyReused.
    """
    is_own = PayoutBatch.objects.filter(pk=batch_id, built_by_id=actor.user_id).exists()
    if is_own:
        lock_owners()
    batch = lock_batch(batch_id)
    hashed = input_hash(["approve", batch_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return batch
    actor.require(Right.APPROVE_PAYOUTS)
    require_state(batch, PayoutBatch.States.BUILT)
    company = company_of(batch) if is_own else None
    decide_answer(
        RequestState.WAITING,
        Answer.APPROVE,
        asked_by=batch.built_by_id,
        decided_by=actor.user_id,
        company=company,
    )
    batch.state = PayoutBatch.States.APPROVED
    batch.decided_by_id = actor.user_id
    batch.decided_at = timezone.now()
    batch.save(update_fields=["state", "decided_by_id", "decided_at"])
    record_event(
        name="payout.approved",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "batch_id": batch.pk,
            "number": str(batch),
            **({} if company is None else {"others": company.others}),
        },
    )
    return batch
