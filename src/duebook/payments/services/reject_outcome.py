"""Reject an outcome that another person proposed, and say why."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Answer
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import OutcomeProposal
from duebook.payments.outcomes import record_proposal
from duebook.payments.second_person import lock_request, write_answer


@transaction.atomic
def reject_outcome(*, proposal_id: int, reason: str, request_key: str, actor: Actor) -> None:
    """Nothing is settled, and another outcome may be proposed.

    Locks the proposal. Records ``outcome.rejected``.
    Raises NotFound, Forbidden, RequestDecided, OwnRequest, ReasonRequired, KeyReused.
    """
    proposal = lock_request(OutcomeProposal.objects.all(), proposal_id)
    hashed = input_hash(["reject outcome", proposal_id, reason])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.RESOLVE_MESSAGES)
    write_answer(proposal, Answer.REJECT, actor=actor, reason=reason)
    record_proposal(
        "outcome.rejected", proposal, actor=actor, key=request_key, hashed=hashed, reason=reason.strip()
    )
