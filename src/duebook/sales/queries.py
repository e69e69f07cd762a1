"""Reads of orders with their invoices: what lists of orders show."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from duebook.domain.errors import NotFound
from duebook.invoices.models import Invoice, Void
from duebook.payments.queries import with_charge_under_way


class OrderState(StrEnum):
    """How an order list may be narrowed down, by how its invoice stands."""

    ALL = "all"
    OPEN = "open"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"


_SHOWN = (
    *("number", "order_id", "contact_id", "currency", "due_on"),
    *("total_minor", "applied_minor", "balance_due_minor", "void__invoice_id"),
    *("order__number", "order__title", "order__ordered_on", "order__cancellation__order_id"),
)
"""What lists show: joined rows of seven tables are wide, and reading them costs more than finding them."""


def orders_of(contact_id: int) -> QuerySet[Invoice]:
    """The contact's orders, each as its invoice with order, partners, void and charge under way."""
    names = ("order__lead_partner__name", "order__sale_partner__name")
    rows = with_charge_under_way(_with_order(Invoice.objects.filter(contact_id=contact_id)))
    return rows.only(*_SHOWN, *names)


@dataclass(frozen=True, slots=True)
class OrderList:
    """Rows and the keys that put them in order: of open ones the longest due first, else the newest first."""

    rows: QuerySet[Invoice]
    keys: tuple[str, ...]


def orders_in_state(state: OrderState, *, today: date) -> OrderList:
    """Orders, each as its invoice with order and contact, whose invoice stands so today. By an index each."""
    rows = Invoice.objects.select_related("void", "order__cancellation", "contact").only(
        *_SHOWN, "contact__name"
    )
    newest = ("-order__ordered_on", "-order_id")
    if state is OrderState.OPEN:
        return OrderList(rows.filter(balance_due_minor__gt=0), ("due_on", "id"))
    if state is OrderState.OVERDUE:
        return OrderList(rows.filter(balance_due_minor__gt=0, due_on__lt=today), ("due_on", "id"))
    if state is OrderState.PAID:
        # As a subquery: of a join the planner expects one row, and then sorts all that are paid.
        is_void = Exists(Void.objects.filter(invoice_id=OuterRef("pk")))
        return OrderList(rows.filter(~is_void, balance_due_minor=0), newest)
    if state is OrderState.VOID:
        return OrderList(rows.filter(void__isnull=False), ("-id",))
    return OrderList(rows, newest)


def order_with_invoice(order_id: int) -> Invoice:
    """The order as its invoice, with contact, items and charge under way in reach. Raises NotFound."""
    return _one(Q(order_id=order_id), NotFound(what="Order", id=order_id))


def invoice_with_order(invoice_id: int) -> Invoice:
    """The invoice, as ``order_with_invoice``. Raises NotFound."""
    return _one(Q(pk=invoice_id), NotFound(what="Invoice", id=invoice_id))


def _one(condition: Q, missing: NotFound) -> Invoice:
    rows = with_charge_under_way(_with_order(Invoice.objects.filter(condition)))
    invoice = rows.select_related("contact").prefetch_related("order__items").first()
    if invoice is None:
        raise missing
    return invoice


def _with_order(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    return rows.select_related("void", "order__lead_partner", "order__sale_partner", "order__cancellation")
