"""Which contact a customer of a file is: by the id in the old system, else by e-mail, else by the exact name.

Invariant: the answer does not depend on where a batch begins, because a contact that is new in this batch is
found by the rows after it as if it were in the database.
"""

from collections.abc import Iterable

from duebook.domain.contact_names import split_name
from duebook.domain.errors import SeveralMatch
from duebook.domain.order_row import Column, Customer
from duebook.imports.known_rows import KnownContact, known_contacts
from duebook.imports.new_ids import NewIds


class ContactMatching:
    """The contacts that the customers of one batch may be, and those to be added for the rest."""

    def __init__(
        self, customers: Iterable[Customer], ids: NewIds, *, also: Iterable[KnownContact] = ()
    ) -> None:
        wanted = set(customers)
        self._by_external_id: dict[str, KnownContact] = {}
        self._by_email: dict[str, list[KnownContact]] = {}
        self._by_name: dict[str, list[KnownContact]] = {}
        self._load(wanted)
        for contact in also:
            self._keep(contact)
        unknown = sum(1 for customer in wanted if not self._candidates(customer))
        self._ids = iter(ids.take(["contacts_contact_id_seq"], unknown))
        self.new: dict[int, KnownContact] = {}

    @property
    def known_ids(self) -> set[int]:
        """The contacts that were there before and that a customer may be."""
        return {contact.id for named in self._by_name.values() for contact in named} - self.new.keys()

    def find(self, customer: Customer) -> int:
        """The id of the contact, which is in ``new`` when it has to be added. Raises SeveralMatch."""
        candidates = self._candidates(customer)
        if len(candidates) > 1:
            column = Column.CUSTOMER_EMAIL if customer.email else Column.CUSTOMER_NAME
            text = customer.email or customer.name
            raise SeveralMatch(field=column, what="contacts", count=len(candidates), text=text)
        return candidates[0].id if candidates else self._add(customer)

    def _candidates(self, customer: Customer) -> list[KnownContact]:
        if customer.external_id:
            known = self._by_external_id.get(customer.external_id)
            if known is not None:
                return [known]
        if customer.email:
            # Two people may share an address; who has another id in the old system is someone else.
            sharing = self._by_email.get(customer.email.lower(), [])
            if customer.external_id:
                return [contact for contact in sharing if not contact.external_id]
            same_name = [contact for contact in sharing if contact.name == _full_name(customer)]
            return same_name or sharing
        if customer.external_id:
            return []
        return self._by_name.get(_full_name(customer), [])

    def _add(self, customer: Customer) -> int:
        parts = split_name(customer.name or customer.email or f"Customer {customer.external_id}")
        (contact_id,) = next(self._ids)
        contact = KnownContact(contact_id, customer.external_id, customer.email, parts.full, parts)
        self.new[contact_id] = contact
        self._keep(contact)
        return contact_id

    def _load(self, customers: set[Customer]) -> None:
        external_ids = {customer.external_id for customer in customers if customer.external_id}
        emails = {customer.email.lower() for customer in customers if customer.email}
        names = {
            _full_name(customer)
            for customer in customers
            if customer.name and not (customer.external_id or customer.email)
        }
        lowered = {name.lower() for name in names}
        for contact in known_contacts(external_ids=external_ids, emails=emails, names=lowered):
            self._keep(contact)

    def _keep(self, contact: KnownContact) -> None:
        if contact.external_id:
            self._by_external_id[contact.external_id] = contact
        if contact.email:
            self._by_email.setdefault(contact.email.lower(), []).append(contact)
        self._by_name.setdefault(contact.name, []).append(contact)


def _full_name(customer: Customer) -> str:
    return split_name(customer.name).full if customer.name else ""
