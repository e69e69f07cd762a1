"""Reject a refund that another person asked for, and say why."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Answer
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import RefundRequest
from duebook.payments.refund_requests import record_answer
from duebook.payments.second_person import lock_request, write_answer


@transaction.atomic
def reject_refund_request(*, request_id: int, reason: str, request_key: str, actor: Actor) -> None:
    """Nothing is refunded; the reason is kept.

    Locks the request. Records ``refund.rejected``.
    Raises NotFound, Forbidden, RequestDecided, OwnRequest, ReasonRequired, KeyReused.
    """
    request = lock_request(RefundRequest.objects.all(), request_id)
    hashed = input_hash(["reject", request_id, reason])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.REFUND)
    write_answer(request, Answer.REJECT, actor=actor, reason=reason)
    record_answer(
        "refund.rejected", request, actor=actor, key=request_key, hashed=hashed, reason=reason.strip()
    )
