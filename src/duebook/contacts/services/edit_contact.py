"""Edit a contact; what it was before stands in the event."""

from django.db import transaction

from duebook.contacts.details import ContactDetails
from duebook.contacts.models import Contact
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event


@transaction.atomic
def edit_contact(*, contact_id: int, details: ContactDetails, request_key: str, actor: Actor) -> Contact:
    """Replace the contact's details.

    Locks the contact. Records ``contact.edited`` with what changed.
    Raises NotFound, Forbidden, ContactNeedsName, KeyReused.
    """
    contact = row_by_id(Contact.objects.select_for_update(no_key=True, of=("self",)), contact_id, "Contact")
    hashed = input_hash([contact_id, details])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return contact
    actor.require(Right.EDIT_CONTACTS)
    details.check()
    new = details.columns()
    before = {name: getattr(contact, name) for name in new if getattr(contact, name) != new[name]}
    for name in before:
        setattr(contact, name, new[name])
    if before:
        contact.save(update_fields=list(before))
        contact.refresh_from_db(fields=["name"])
    record_event(
        name="contact.edited",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={
            "contact_id": contact_id,
            "number": str(contact.name),
            "before": before,
            "after": {name: new[name] for name in before},
        },
    )
    return contact
