"""Change what is kept of a referral partner."""

from django.db import transaction
from django.forms.models import model_to_dict

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.partners.details import PartnerDetails
from duebook.partners.models import Partner
from duebook.partners.writing import partner_fields


@transaction.atomic
def edit_partner(*, partner_id: int, details: PartnerDetails, request_key: str, actor: Actor) -> None:
    """Write the details; orders keep the terms they have. Records ``partner.changed`` with the old ones.

    Raises Forbidden, NotFound, CodeMalformed, CodeTaken, ParentLoop, KeyReused.
    """
    # The tree of parents is checked as a whole: two edits at once could close a loop.
    take_turn("partners.partner")
    hashed = input_hash([partner_id, details])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.MANAGE_PARTNERS)
    partner = row_by_id(Partner.objects, partner_id, "Referral partner")
    before = model_to_dict(partner)
    fields = partner_fields(details, partner_id)
    for name, value in fields.items():
        setattr(partner, name, value)
    partner.save(update_fields=list(fields))
    record_event(
        name="partner.changed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=partner.contact_id,
        payload={"partner_id": partner_id, "name": partner.name, "before": before},
    )
