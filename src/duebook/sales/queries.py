"""Reads of orders with their invoices: what lists of orders show."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Q, QuerySet

from duebook.domain.errors import NotFound
from duebook.invoices.models import Invoice


class OrderState(StrEnum):
    """How an order list may be narrowed down, by how its invoice stands."""

    ALL = "all"
    OPEN = "open"
    OVERDUE = "overdue"
    PAID = "paid"
    VOID = "void"


def orders_of(contact_id: int) -> QuerySet[Invoice]:
    """The contact's orders, each as its invoice with order, partners, void and cancellation."""
    return _with_order(Invoice.objects.filter(contact_id=contact_id))


@dataclass(frozen=True, slots=True)
class OrderList:
    """Rows and the keys that put them in order: of open ones the longest due first, else the newest first."""

    rows: QuerySet[Invoice]
    keys: tuple[str, ...]


def orders_in_state(state: OrderState, *, today: date) -> OrderList:
    """Orders as ``orders_of``, with their contacts, whose invoice stands so today. Each by an index."""
    rows = _with_order(Invoice.objects.all()).select_related("contact")
    newest = ("-order__ordered_on", "-order_id")
    if state is OrderState.OPEN:
        return OrderList(rows.filter(balance_due_minor__gt=0), ("due_on", "id"))
    if state is OrderState.OVERDUE:
        return OrderList(rows.filter(balance_due_minor__gt=0, due_on__lt=today), ("due_on", "id"))
    if state is OrderState.PAID:
        return OrderList(rows.filter(balance_due_minor=0, void__isnull=True), newest)
    if state is OrderState.VOID:
        return OrderList(rows.filter(void__isnull=False), ("-id",))
    return OrderList(rows, newest)


def order_with_invoice(order_id: int) -> Invoice:
    """The order as its invoice, with contact and items in reach. Raises NotFound."""
    return _one(Q(order_id=order_id), NotFound(what="Order", id=order_id))


def invoice_with_order(invoice_id: int) -> Invoice:
    """The invoice, as ``order_with_invoice``. Raises NotFound."""
    return _one(Q(pk=invoice_id), NotFound(what="Invoice", id=invoice_id))


def _one(condition: Q, missing: NotFound) -> Invoice:
    rows = _with_order(Invoice.objects.filter(condition)).select_related("contact")
    invoice = rows.prefetch_related("order__items").first()
    if invoice is None:
        raise missing
    return invoice


def _with_order(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    return rows.select_related("void", "order__lead_partner", "order__sale_partner", "order__cancellation")
