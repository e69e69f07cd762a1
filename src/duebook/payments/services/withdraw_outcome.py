"""Withdraw an outcome that one has proposed oneself."""

from django.db import transaction

from duebook.domain.permissions import Actor
from duebook.domain.second_person import Answer
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import OutcomeProposal
from duebook.payments.outcomes import record_proposal, right_to_propose, subject_of
from duebook.payments.second_person import lock_request, write_answer


@transaction.atomic
def withdraw_outcome(*, proposal_id: int, request_key: str, actor: Actor) -> None:
    """Nothing is settled, and another outcome may be proposed.

    Locks the proposal. Records ``outcome.withdrawn``.
    Raises NotFound, Forbidden, RequestDecided, NotYourRequest, KeyReused.
    """
    proposal = lock_request(OutcomeProposal.objects.all(), proposal_id)
    hashed = input_hash(["withdraw outcome", proposal_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(right_to_propose(subject_of(proposal)))
    write_answer(proposal, Answer.WITHDRAW, actor=actor)
    record_proposal("outcome.withdrawn", proposal, actor=actor, key=request_key, hashed=hashed)
