"""Add a contact."""

from django.db import transaction

from duebook.contacts.details import ContactDetails
from duebook.contacts.models import Contact
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event


@transaction.atomic
def add_contact(*, details: ContactDetails, request_key: str, actor: Actor) -> Contact:
    """Add the contact. Records ``contact.added``. Raises Forbidden, ContactNeedsName, KeyReused."""
    hashed = input_hash(details)
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return Contact.objects.get(pk=earlier.payload["contact_id"])
    actor.require(Right.EDIT_CONTACTS)
    details.check()
    contact = Contact.objects.create(**details.columns())
    contact.refresh_from_db(fields=["name"])
    record_event(
        name="contact.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact.pk,
        payload={"contact_id": contact.pk, "number": str(contact.name)},
    )
    return contact
