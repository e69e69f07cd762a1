"""What the payment form knows before anything is typed: contact, what is due, types, cards, credit.

Read anew for each answer, so that a form that comes back always shows the balances of now. What is only shown
is read when it is: a form that is carried out needs none of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.utils.translation import gettext as _

from duebook.contacts.models import Contact
from duebook.contacts.queries import contact_by_id
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.invoices.models import Invoice
from duebook.ledger.queries import closed_until
from duebook.payments.card_reading import cards_of
from duebook.payments.models import Payment, PaymentMethod, PaymentType
from duebook.payments.queries import (
    applied_by,
    credit_of,
    invoices_due_from,
    payment_types_for,
)
from duebook.staff.models import Business
from duebook.web.formats import day_and_month, figure
from duebook.web.request import StaffRequest, rights_of, today_of

MOST_PARTS = 300
"""A form with more fields than Django accepts would arrive as nothing at all."""


@dataclass(frozen=True, slots=True)
class Due:
    """An invoice that may be paid now: what it came to and what is due on it."""

    id: int
    label: str
    title: str
    due_on: date
    total: Money
    balance: Money
    has_partners: bool
    charge_under_way: int | None = None
    """The charge that is to pay this invoice and whose outcome is still to come."""

    @property
    def part_name(self) -> str:
        """The name of the field that takes this invoice's part of a payment that is split."""
        return f"part_{self.id}"


@dataclass(frozen=True)
class Scene:
    """All that a payment form shows and reads.

    What a payment that will be undone, ``corrects``, settles counts as due; what it has left is no credit.
    """

    contact: Contact
    business: Business
    today: date
    dues: tuple[Due, ...]
    types: tuple[PaymentType, ...]
    cards: tuple[PaymentMethod, ...] = ()
    """The cards on file, where one may be charged."""
    corrects: Payment | None = None

    @cached_property
    def credit(self) -> tuple[Money, ...]:
        """The contact's credit on account, an amount for each currency."""
        return tuple(_credit(self.contact.pk, self.corrects))

    @cached_property
    def opens_on(self) -> date | None:
        """The first day after the closed period."""
        last_day = closed_until()
        return last_day + timedelta(days=1) if last_day else None

    def due(self, invoice_id: int | None) -> Due | None:
        return next((due for due in self.dues if due.id == invoice_id), None)

    def type(self, type_id: int | None) -> PaymentType | None:
        return next((one for one in self.types if one.pk == type_id), None)

    def is_adjustment(self, type_id: int | None) -> bool:
        """Whether a payment of this type brings no money."""
        found = self.type(type_id)
        return found is not None and found.kind == PaymentKind.ADJUSTMENT.value

    def is_charge(self, type_id: int | None) -> bool:
        """Whether a payment of this type charges a card now."""
        found = self.type(type_id)
        return found is not None and found.kind == PaymentKind.CHARGE_NOW.value

    @property
    def offers_charge(self) -> bool:
        return any(one.kind == PaymentKind.CHARGE_NOW.value for one in self.types)

    def of_currency(self, currency: str) -> list[Due]:
        return [due for due in self.dues if due.balance.currency == currency]

    def sharing(self, currency: str) -> list[Due]:
        """The invoices that one payment may be split over on a page, the longest due first."""
        return self.of_currency(currency)[:MOST_PARTS]

    def credit_in(self, currency: str) -> Money:
        return next((amount for amount in self.credit if amount.currency == currency), Money(0, currency))

    def in_words(self, due: Due) -> str:
        """INV-1042 · Website package · due 12 Nov · 480.00 due of 1,200.00"""
        day = day_and_month(due.due_on, self.today, self.business)
        balance, total = figure(due.balance, self.business), figure(due.total, self.business)
        return _("%(invoice)s · %(title)s · due %(day)s · %(balance)s due of %(total)s") % {
            "invoice": due.label,
            "title": due.title,
            "day": day,
            "balance": balance,
            "total": total,
        }


def read_scene(request: StaffRequest, contact_id: int, *, corrects: Payment | None = None) -> Scene:
    """The scene of a contact now. Raises NotFound."""
    freed: Mapping[int, int] = {}
    if corrects is not None and corrects.contact_id == contact_id:
        freed = {part.invoice.pk: part.amount.minor for part in applied_by(corrects)}
    types = tuple(payment_types_for(rights_of(request)))
    if corrects is not None:
        # What was recorded wrongly is corrected by a record; a card is charged by a payment of its own.
        types = tuple(one for one in types if one.kind != PaymentKind.CHARGE_NOW.value)
    charges = any(one.kind == PaymentKind.CHARGE_NOW.value for one in types)
    return Scene(
        contact=contact_by_id(contact_id),
        business=request.business,
        today=today_of(request),
        dues=tuple(_due(row, freed.get(row.pk, 0)) for row in invoices_due_from(contact_id, also=freed)),
        types=types,
        cards=tuple(cards_of(contact_id).filter(active=True)) if charges else (),
        corrects=corrects,
    )


def _credit(contact_id: int, corrects: Payment | None) -> Iterable[Money]:
    """The contact's credit, without what the payment to be undone has left."""
    for amount in credit_of(contact_id):
        gone = (
            corrects is not None
            and corrects.contact_id == contact_id
            and corrects.currency == amount.currency
        )
        left = amount - Money(corrects.credit_minor, amount.currency) if corrects and gone else amount
        if left:
            yield left


def _due(invoice: Invoice, freed_minor: int) -> Due:
    order = invoice.order
    return Due(
        id=invoice.pk,
        label=str(invoice),
        title=order.title,
        due_on=invoice.due_on,
        total=Money(invoice.total_minor, invoice.currency),
        balance=Money(invoice.balance_due_minor + freed_minor, invoice.currency),
        has_partners=order.lead_partner_id is not None or order.sale_partner_id is not None,
        charge_under_way=getattr(invoice, "charge_under_way", None),
    )
