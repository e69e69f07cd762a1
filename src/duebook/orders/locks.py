"""Locking orders; the lock order of all kinds stands in docs/architecture.md."""

from duebook.domain.errors import NotFound
from duebook.orders.models import Order


def lock_order(order_id: int) -> None:
    """Lock the order's row; read it in the next statement, so that what it joins is as new as the lock.

    Raises NotFound.
    """
    found = Order.objects.select_for_update(no_key=True, of=("self",)).filter(pk=order_id).values_list("pk")
    if not found:
        raise NotFound(what="Order", id=order_id)
