"""Propose what became of a charge, when the gateway has been asked for long enough."""

from datetime import date

from django.db import transaction

from duebook.domain.errors import NotFound, OutcomeProposed
from duebook.domain.permissions import Actor
from duebook.domain.second_person import OutcomeInput, check_outcome
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import Charge, OutcomeProposal
from duebook.payments.outcomes import (
    asking_about,
    new_proposal,
    prepared_on,
    record_proposal,
    right_to_propose,
    waiting_proposal_of,
)


@transaction.atomic
def propose_charge_outcome(
    *, charge_id: int, wanted: OutcomeInput, request_key: str, actor: Actor, on: date
) -> OutcomeProposal:
    """Keep what a person saw at the processor until another one decides; nothing is settled yet.

    Locks the charge. Records ``outcome.proposed``. Raises NotFound, Forbidden, KeyReused, OutcomeProposed and
    what ``check_outcome`` raises.
    """
    rows = Charge.objects.filter(pk=charge_id)
    if not rows.select_for_update(no_key=True, of=("self",)).values_list("pk"):
        raise NotFound(what="Charge", id=charge_id)
    hashed = input_hash(["propose", "charge", charge_id, wanted])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return OutcomeProposal.objects.get(pk=earlier.payload["proposal_id"])
    charge = rows.select_related("merchant_account").get()
    actor.require(right_to_propose(charge))
    check_outcome(wanted, asking_about(charge), earliest=prepared_on(charge), on=on)
    if waiting_proposal_of(charge) is not None:
        raise OutcomeProposed(number=str(charge))
    proposal = new_proposal(wanted, actor, charge)
    record_proposal("outcome.proposed", proposal, actor=actor, key=request_key, hashed=hashed)
    return proposal
