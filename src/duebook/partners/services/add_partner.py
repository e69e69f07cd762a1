"""Add a referral partner."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.partners.details import PartnerDetails
from duebook.partners.models import Partner
from duebook.partners.writing import partner_fields


@transaction.atomic
def add_partner(*, details: PartnerDetails, request_key: str, actor: Actor) -> Partner:
    """Add the partner. Records ``partner.added``.

    Raises Forbidden, NotFound, CodeMalformed, CodeTaken, ParentLoop, KeyReused.
    """
    take_turn("partners.partner")
    hashed = input_hash(details)
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return Partner.objects.get(pk=earlier.payload["partner_id"])
    actor.require(Right.MANAGE_PARTNERS)
    partner = Partner.objects.create(**partner_fields(details, None))
    record_event(
        name="partner.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=partner.contact_id,
        payload={"partner_id": partner.pk, "name": partner.name, "code": partner.code},
    )
    return partner
