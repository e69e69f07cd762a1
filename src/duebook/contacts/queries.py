"""Reads of contacts. Searching is bounded: it stops at the limit and never sorts all that match."""

import re

from django.db.models import QuerySet, Value
from django.db.models.functions import Collate, Lower

from duebook.contacts.models import Contact
from duebook.events.rows import row_by_id

SHORTEST_PART = 3
"""A trigram index knows nothing of parts shorter than this; such text only matches where a name begins."""

_SHOWN = ("id", "given_name", "family_name", "company", "email", "phone", "name")


def search_contacts(text: str, limit: int = 10) -> list[Contact]:
    """Contacts whose name, company or e-mail contains each word of the text, names that begin with it first.

    At most ``limit``, in one statement that uses an index for each half.
    """
    words = _words(text)
    if not words or limit < 1:
        return []
    rows = _beginning_with(" ".join(words))[:limit]
    if any(len(word) >= SHORTEST_PART for word in words):
        # Twice the limit, because all that begin with the text contain it too.
        rows = rows.union(_containing(words)[: 2 * limit], all=True)
    # PostgreSQL promises no order of the halves; sorting is stable and keeps each half's own.
    found = {contact.pk: contact for contact in sorted(rows, key=_half)}
    return list(found.values())[:limit]


def _half(contact: Contact) -> int:
    return int(vars(contact)["half"])


def contacts_in_order() -> QuerySet[Contact]:
    """Contacts with ``name_key``, by which an index holds them in order whatever the database's collation."""
    return Contact.objects.annotate(name_key=_name_key())


def _name_key() -> Collate:
    return Collate(Lower("name"), "C")


def _words(text: str) -> list[str]:
    return re.sub(r"[\x00%_\\]", " ", text.lower()).split()[:6]


def _beginning_with(start: str) -> QuerySet[Contact]:
    rows = Contact.objects.annotate(half=Value(0), name_key=_name_key()).filter(name_key__startswith=start)
    return rows.order_by("name_key", "id").only(*_SHOWN)


def _containing(words: list[str]) -> QuerySet[Contact]:
    rows = Contact.objects.annotate(half=Value(1), name_key=_name_key()).only(*_SHOWN)
    for word in words:
        rows = rows.filter(search_text__contains=word)
    return rows


def contact_by_id(contact_id: int) -> Contact:
    """The contact. Raises NotFound."""
    return row_by_id(Contact.objects, contact_id, "Contact")
