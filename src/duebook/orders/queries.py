"""Reads of orders."""

from django.db.models import Sum

from duebook.domain.order_lines import ItemKind
from duebook.orders.models import OrderItem


def sums_by_kind(order_id: int) -> dict[ItemKind, int]:
    """The order's lines summed by kind, in minor units; discounts negative."""
    rows = (
        OrderItem.objects.filter(order_id=order_id).order_by().values_list("kind").annotate(Sum("line_minor"))
    )
    return {ItemKind(kind): minor for kind, minor in rows}
