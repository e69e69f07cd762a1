"""Propose what became of a charge, when the gateway has been asked for long enough."""

from datetime import date

from django.db import transaction

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor
from duebook.domain.second_person import OutcomeInput
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import Charge, OutcomeProposal
from duebook.payments.outcomes import propose


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
    return propose(charge, wanted, actor=actor, key=request_key, hashed=hashed, on=on)
