"""Approve an outcome that was proposed: the charge or refund is settled by it, as by any sight."""

from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.errors import OutcomeKnown, RequestDecided
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Answer, Outcome, RequestState
from duebook.events.requests import input_hash
from duebook.payments.charge_reading import Seen
from duebook.payments.models import Charge, Observation, OutcomeProposal
from duebook.payments.outcomes import Subject, company_of, proposal_by_id, record_proposal, subject_of
from duebook.payments.refund_reading import SeenState
from duebook.payments.second_person import lock_request, write_answer
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_gateway_refund import settle_gateway_refund
from duebook.staff.locks import lock_owners


def approve_outcome(*, proposal_id: int, actor: Actor) -> Subject:
    """Settle the charge or refund as proposed, once; returns it as it is then.

    Another person than who proposed it approves; where there is none, the same one does a day later, and the
    event says that nobody else was there. The proposal is approved in the transaction that settles. What the
    gateway says later is applied as ever: a success after all is booked. Must not be called inside a
    transaction. Locks the active owners too where it is one's own. Records ``outcome.approved`` and what
    settling records. Raises NotFound, Forbidden, RequestDecided, OwnRequest, OwnRequestTooSoon, and
    OutcomeKnown where the gateway was faster.
    """
    actor.require(Right.RESOLVE_MESSAGES)
    proposal = proposal_by_id(proposal_id)
    if proposal.state == RequestState.APPROVED.value and proposal.decided_by_id == actor.user_id:
        return subject_of(proposal)

    def approve() -> None:
        locked = lock_request(OutcomeProposal.objects.all(), proposal_id)
        company = None
        if locked.asked_by_id == actor.user_id:
            lock_owners()
            company = company_of(locked)
        write_answer(locked, Answer.APPROVE, actor=actor, company=company)
        record_proposal(
            "outcome.approved",
            proposal,
            actor=actor,
            key=f"outcome:{proposal_id}:approved",
            hashed=input_hash([proposal_id]),
            others=company.others if company else None,
        )

    if proposal.charge_id is not None:
        settle_charge(
            charge_id=proposal.charge_id,
            seen=_seen_of_charge(proposal),
            channel=Observation.Channels.BY_HAND,
            only_from=OPEN_STATES - {ChargeState.CREATED},
            approve=approve,
        )
    if proposal.gateway_refund_id is not None:
        settle_gateway_refund(
            attempt_id=proposal.gateway_refund_id,
            seen=_seen_of_refund(proposal),
            channel=Observation.Channels.BY_HAND,
            only_from=OPEN_REFUND_STATES - {RefundState.CREATED},
            approve=approve,
        )
    return _settled(proposal_by_id(proposal_id), actor)


def _settled(proposal: OutcomeProposal, actor: Actor) -> Subject:
    subject = subject_of(proposal)
    if proposal.is_waiting:
        labels = Charge.States if isinstance(subject, Charge) else subject.States
        raise OutcomeKnown(number=str(subject), state=str(labels(subject.state).label))
    if proposal.decided_by_id != actor.user_id:
        raise RequestDecided(state=proposal.state)
    return subject


def _seen_of_charge(proposal: OutcomeProposal) -> Seen:
    if proposal.outcome == Outcome.HAPPENED.value:
        return Seen(ChargeState.SUCCEEDED, happened_on=proposal.happened_on, payload=_told(proposal))
    return Seen(ChargeState.NOT_PERFORMED, problem=proposal.reason, payload=_told(proposal))


def _seen_of_refund(proposal: OutcomeProposal) -> SeenState:
    if proposal.outcome == Outcome.HAPPENED.value:
        return SeenState(RefundState.SUCCEEDED, happened_on=proposal.happened_on, payload=_told(proposal))
    return SeenState(RefundState.FAILED, problem=proposal.reason, payload=_told(proposal))


def _told(proposal: OutcomeProposal) -> dict[str, object]:
    """What stands with the observation in the place of a gateway's answer."""
    return {"proposal_id": proposal.pk, "reference": proposal.reference, "reason": proposal.reason}
