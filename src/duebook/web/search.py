"""Finding a contact, an order or an invoice from one field: by name, company, e-mail or number."""

import re
from dataclasses import dataclass, field

from duebook.contacts.models import Contact
from duebook.contacts.queries import search_contacts
from duebook.invoices.models import Invoice
from duebook.orders.models import Order

_NUMBER = re.compile(r"(?P<prefix>#|inv-?|order\s*#?)?\s*(?P<number>\d{1,15})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a text leads to; ``numbers`` tells by which order or invoice a contact was found."""

    contacts: list[Contact] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.contacts or self.invoices or self.orders)


@dataclass(frozen=True, slots=True)
class ContactMatch:
    """A contact and, where a number led to it, that number."""

    contact: Contact
    by: str = ""


def find(text: str, limit: int = 8) -> Found:
    """Contacts, and the order and the invoice of that number where the text is one."""
    invoices, orders = _by_number(text)
    return Found(search_contacts(text, limit), invoices, orders)


def find_contacts(text: str, limit: int = 10) -> list[ContactMatch]:
    """Contacts by name, company, e-mail, order number or invoice number; each once, numbers first."""
    found = find(text, limit)
    matches: dict[int, ContactMatch] = {}
    for invoice in found.invoices:
        matches.setdefault(invoice.contact_id, ContactMatch(invoice.contact, by=str(invoice)))
    for order in found.orders:
        matches.setdefault(order.contact_id, ContactMatch(order.contact, by=str(order)))
    for contact in found.contacts:
        matches.setdefault(contact.pk, ContactMatch(contact))
    return list(matches.values())[:limit]


def order_by_number(text: str) -> Order | None:
    """The order of that number, else that of the invoice of that number."""
    invoices, orders = _by_number(text)
    if not orders and invoices:
        return Order.objects.get(pk=invoices[0].order_id)
    return orders[0] if orders else None


def _by_number(text: str) -> tuple[list[Invoice], list[Order]]:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return [], []
    number = int(match["number"])
    prefix = (match["prefix"] or "").lower()
    invoices = (
        []
        if prefix[:1] in ("#", "o")
        else list(Invoice.objects.select_related("contact").filter(number=number))
    )
    orders = (
        []
        if prefix.startswith("inv")
        else list(Order.objects.select_related("contact").filter(number=number))
    )
    return invoices, orders
