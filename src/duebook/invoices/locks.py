"""Locking invoices outside the fast path of payments."""

from duebook.domain.errors import NotFound
from duebook.invoices.models import Invoice
from duebook.orders.locks import lock_order


def lock_invoice(invoice_id: int) -> Invoice:
    """Lock the invoice, then read it. Raises NotFound."""
    found = (
        Invoice.objects.select_for_update(no_key=True, of=("self",)).filter(pk=invoice_id).values_list("pk")
    )
    if not found:
        raise NotFound(field="invoice", what="Invoice", id=invoice_id)
    return Invoice.objects.get(pk=invoice_id)


def lock_order_and_invoice(order_id: int) -> Invoice:
    """Lock the order, then its invoice, and read that. Raises NotFound."""
    lock_order(order_id)
    return lock_invoice(Invoice.objects.values_list("pk", flat=True).get(order_id=order_id))
