"""A contact needs a name; adding and editing happen once and leave one event."""

from typing import Any

import pytest

from duebook.contacts.details import ContactDetails
from duebook.contacts.models import Contact
from duebook.contacts.services.add_contact import add_contact
from duebook.contacts.services.edit_contact import edit_contact
from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from tests.factories import actor, key, make_contact
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

MARTA = ContactDetails(given_name=" Marta ", family_name="Keller", tags=("retainer", "retainer", " "))


def add(details: ContactDetails = MARTA, **fields: Any) -> Contact:
    return add_contact(**{"details": details, "request_key": key(), "actor": actor(Role.CLERK), **fields})


def edit(contact: Contact, details: ContactDetails = MARTA, **fields: Any) -> Contact:
    given = {"contact_id": contact.pk, "request_key": key(), "actor": actor(Role.CLERK)}
    return edit_contact(**{**given, "details": details, **fields})


def test_a_contact_is_added_without_idle_spaces_and_with_each_tag_once() -> None:
    contact = add()

    assert (contact.given_name, contact.name, contact.tags) == ("Marta", "Marta Keller", ["retainer"])
    event = Event.objects.get()
    assert (event.name, event.contact_id, event.actor_id) == ("contact.added", contact.pk, 900)


def test_the_same_request_adds_one_contact() -> None:
    first = add(request_key="k")

    again = add(request_key="k")

    assert again.pk == first.pk
    assert Event.objects.count() == 1


def test_a_key_used_for_another_contact_is_refused() -> None:
    add(request_key="k")

    with pytest.raises(errors.KeyReused) as refusal:
        add(ContactDetails(company="Other"), request_key="k")

    assert refusal.value.values == {"number": "Marta Keller"}
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("details", "by", "error"),
    [
        (ContactDetails(email="someone@example.com"), Role.CLERK, errors.ContactNeedsName),
        (MARTA, Role.VIEWER, errors.Forbidden),
    ],
)
def test_a_refused_contact_leaves_nothing(details: ContactDetails, by: Role, error: type[Exception]) -> None:
    existing = make_contact()
    before = everything()

    with pytest.raises(error):
        add(details, actor=actor(by))
    with pytest.raises(error):
        edit(existing, details, actor=actor(by))

    assert everything() == before


def test_editing_keeps_what_was_before_in_the_event() -> None:
    contact = make_contact("Acme")

    edit(contact, ContactDetails(company="Acme Ltd", email="acme@example.com"))

    contact.refresh_from_db()
    assert contact.name == "Acme Ltd"
    assert Event.objects.get(name="contact.edited").payload == {
        "contact_id": contact.pk,
        "number": "Acme Ltd",
        "before": {"company": "Acme"},
        "after": {"company": "Acme Ltd"},
    }


def test_editing_twice_by_one_request_writes_one_event() -> None:
    contact = make_contact()

    for _ in range(2):
        edit(contact, request_key="k")

    assert Event.objects.count() == 1


def test_a_contact_that_does_not_exist_is_not_edited() -> None:
    with pytest.raises(errors.NotFound):
        edit_contact(contact_id=1, details=MARTA, request_key="k", actor=actor())
