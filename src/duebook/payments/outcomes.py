"""The outcome of a charge or refund as a person saw it: whether one decides now, and what was proposed."""

from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.errors import OutcomeProposed
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.domain.permissions import Actor, Right
from duebook.domain.second_person import Asking, Company, OutcomeInput, RequestState, check_outcome
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.payments.models import Charge, GatewayRefund, OutcomeProposal
from duebook.staff.queries import business, others_who_may

Subject = Charge | GatewayRefund


def asking_about(subject: Subject) -> Asking:
    """How far asking has come; the subject is read with its merchant account."""
    is_charge = isinstance(subject, Charge)
    account = subject.merchant_account if isinstance(subject, Charge) else subject.charge.merchant_account
    open_states = OPEN_STATES if is_charge else OPEN_REFUND_STATES
    created = ChargeState.CREATED if is_charge else RefundState.CREATED
    return Asking(
        number=str(subject),
        state=subject.state,
        open_states=open_states,
        is_ours=subject.state == created.value,
        has_turn=subject.ask_at is not None,
        account_active=account.active,
    )


def waiting_proposal_of(subject: Subject) -> OutcomeProposal | None:
    """What is proposed and not decided yet; nothing once the outcome is known otherwise."""
    if not subject.is_open:
        return None
    return subject.proposals.filter(state=RequestState.WAITING.value).first()


def proposal_by_id(proposal_id: int) -> OutcomeProposal:
    """The proposal with what it is about. Raises NotFound."""
    rows = OutcomeProposal.objects.select_related(
        "charge__contact", "charge__merchant_account", "charge__payment_method"
    ).select_related(
        "gateway_refund__payment__contact",
        "gateway_refund__charge__merchant_account",
        "gateway_refund__charge__payment_method",
    )
    return row_by_id(rows, proposal_id, "Proposal")


def subject_of(proposal: OutcomeProposal) -> Subject:
    """The charge or refund that the proposal is about."""
    subject = proposal.charge or proposal.gateway_refund
    if subject is None:
        raise ValueError("a proposal is about a charge or a refund")
    return subject


def right_to_propose(subject: Subject) -> Right:
    """Who may charge or refund may say what became of it."""
    return Right.CHARGE_CARDS if isinstance(subject, Charge) else Right.REFUND


def company_of(proposal: OutcomeProposal) -> Company:
    """Who else could approve the proposal as things stand."""
    return Company(
        others=others_who_may(Right.RESOLVE_MESSAGES, but=proposal.asked_by_id),
        asked_at=proposal.asked_at,
        now=timezone.now(),
    )


def propose(
    subject: Subject, wanted: OutcomeInput, *, actor: Actor, key: str, hashed: str, on: date
) -> OutcomeProposal:
    """Check what was seen and write it down, under the subject's lock.

    Raises Forbidden, OutcomeProposed and what ``check_outcome`` raises.
    """
    actor.require(right_to_propose(subject))
    check_outcome(wanted, asking_about(subject), earliest=_prepared_on(subject), on=on)
    if waiting_proposal_of(subject) is not None:
        raise OutcomeProposed(number=str(subject))
    is_charge = isinstance(subject, Charge)
    proposal = OutcomeProposal.objects.create(
        charge_id=subject.pk if is_charge else None,
        gateway_refund_id=None if is_charge else subject.pk,
        outcome=wanted.outcome.value,
        happened_on=wanted.happened_on,
        reference=wanted.reference.strip(),
        reason=wanted.reason.strip(),
        asked_by_id=actor.user_id,
        source=actor.source.value,
    )
    record_proposal("outcome.proposed", proposal, actor=actor, key=key, hashed=hashed)
    return proposal


def _prepared_on(subject: Subject) -> date:
    """The business's day on which it was prepared: it cannot have happened before."""
    return subject.prepared_at.astimezone(ZoneInfo(business().time_zone)).date()


def record_proposal(
    name: str,
    proposal: OutcomeProposal,
    *,
    actor: Actor,
    key: str,
    hashed: str,
    reason: str = "",
    others: int | None = None,
) -> None:
    """The event of a proposal that was made or decided.

    ``others`` is given where one approves one's own: how many others could have.
    """
    subject = subject_of(proposal)
    is_charge = isinstance(subject, Charge)
    contact_id = subject.contact_id if isinstance(subject, Charge) else subject.charge.contact_id
    record_event(
        name=name,
        actor=actor,
        request_key=key,
        hashed=hashed,
        contact_id=contact_id,
        payment_id=None if isinstance(subject, Charge) else subject.payment_id,
        payload={
            "proposal_id": proposal.pk,
            "charge_id": subject.pk if is_charge else None,
            "gateway_refund_id": None if is_charge else subject.pk,
            "number": str(subject),
            "amount_minor": subject.amount_minor,
            "currency": subject.currency,
            "outcome": proposal.outcome,
            "happened_on": proposal.happened_on.isoformat() if proposal.happened_on else None,
            "reference": proposal.reference,
            "reason": reason or proposal.reason,
            **({} if others is None else {"others": others}),
        },
    )
