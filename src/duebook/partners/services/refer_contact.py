"""Note that a partner referred a contact: the default for the contact's new orders."""

from datetime import date

from django.db import transaction

from duebook.contacts.models import Contact
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.partners.models import Partner, Referral
from duebook.partners.notifying import notify_of_lead_later


@transaction.atomic
def refer_contact(
    *, contact_id: int, partner_id: int, role: PartnerRole, since: date, request_key: str, actor: Actor
) -> Referral | None:
    """Write the referral; the newest of a role is in force. None when this request did so before.

    A contact that the partner had not referred before, in whatever role, is a lead that the partner is told.
    Records ``contact.referred``. Raises Forbidden, NotFound, KeyReused.
    """
    hashed = input_hash([contact_id, partner_id, role, since])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    actor.require(Right.MANAGE_PARTNERS)
    if not Contact.objects.filter(pk=contact_id).exists():
        raise NotFound(field="contact", what="Contact", id=contact_id)
    partner = row_by_id(Partner.objects, partner_id, "Referral partner", field="partner")
    is_new = not Referral.objects.filter(contact=contact_id, partner=partner).exists()
    referral = Referral.objects.create(contact_id=contact_id, partner=partner, role=role.value, since=since)
    record_event(
        name="contact.referred",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={"partner_id": partner_id, "partner": partner.name, "role": role.value},
    )
    if is_new:
        notify_of_lead_later(contact_id=contact_id, partner_id=partner_id, actor=actor)
    return referral
