"""Writing what a second person says of a request, in the transaction that carries it out."""

from typing import TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor
from duebook.domain.second_person import Answer, Company, RequestState, decide_answer
from duebook.payments.approval_models import Asked, OutcomeProposal, RefundRequest

Request = TypeVar("Request", RefundRequest, OutcomeProposal)


def lock_request(rows: QuerySet[Request], request_id: int) -> Request:
    """Lock the request of that id, then read it. Raises NotFound."""
    if not rows.select_for_update(no_key=True, of=("self",)).filter(pk=request_id).values_list("pk"):
        raise NotFound(what="Request", id=request_id)
    return rows.get(pk=request_id)


def write_answer(
    request: Asked, answer: Answer, *, actor: Actor, reason: str = "", company: Company | None = None
) -> None:
    """Keep who decided and why; the caller holds the request's lock.

    ``company`` is given where who asked may approve for want of another one. Raises RequestDecided,
    OwnRequest, OwnRequestTooSoon, NotYourRequest, ReasonRequired.
    """
    state = decide_answer(
        RequestState(request.state),
        answer,
        asked_by=request.asked_by_id,
        decided_by=actor.user_id,
        reason=reason,
        company=company,
    )
    request.state = state.value
    request.decided_by_id = actor.user_id
    request.decided_at = timezone.now()
    request.answer = reason.strip()
    request.save(update_fields=["state", "decided_by_id", "decided_at", "answer"])
