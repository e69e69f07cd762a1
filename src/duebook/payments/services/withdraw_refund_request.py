"""Withdraw a refund that one has asked for oneself."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Answer
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import RefundRequest
from duebook.payments.refund_requests import record_answer
from duebook.payments.second_person import lock_request, write_answer


@transaction.atomic
def withdraw_refund_request(*, request_id: int, request_key: str, actor: Actor) -> None:
    """Nothing is refunded, and nobody is asked any more.

    Locks the request. Records ``refund.withdrawn``.
    Raises NotFound, Forbidden, RequestDecided, NotYourRequest, KeyReused.
    """
    request = lock_request(RefundRequest.objects.all(), request_id)
    hashed = input_hash(["withdraw", request_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.REFUND)
    write_answer(request, Answer.WITHDRAW, actor=actor)
    record_answer("refund.withdrawn", request, actor=actor, key=request_key, hashed=hashed)
