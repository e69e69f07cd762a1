"""Propose what became of a refund at a gateway, when the gateway has been asked for long enough."""

from datetime import date

from django.db import transaction

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor
from duebook.domain.second_person import OutcomeInput
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import GatewayRefund, OutcomeProposal
from duebook.payments.outcomes import propose


@transaction.atomic
def propose_refund_outcome(
    *, attempt_id: int, wanted: OutcomeInput, request_key: str, actor: Actor, on: date
) -> OutcomeProposal:
    """Keep what a person saw at the processor until another one decides; nothing is settled yet.

    Locks the refund. Records ``outcome.proposed``. Raises NotFound, Forbidden, KeyReused, OutcomeProposed and
    what ``check_outcome`` raises.
    """
    rows = GatewayRefund.objects.filter(pk=attempt_id)
    if not rows.select_for_update(no_key=True, of=("self",)).values_list("pk"):
        raise NotFound(what="Refund", id=attempt_id)
    hashed = input_hash(["propose", "refund", attempt_id, wanted])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return OutcomeProposal.objects.get(pk=earlier.payload["proposal_id"])
    refund = rows.select_related("charge__merchant_account").get()
    return propose(refund, wanted, actor=actor, key=request_key, hashed=hashed, on=on)
