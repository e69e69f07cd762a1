"""Locking invoices outside the fast path of payments."""

from duebook.domain.errors import NotFound
from duebook.invoices.models import Invoice


def lock_invoice(invoice_id: int) -> Invoice:
    """Lock the invoice, then read it. Raises NotFound."""
    found = (
        Invoice.objects.select_for_update(no_key=True, of=("self",)).filter(pk=invoice_id).values_list("pk")
    )
    if not found:
        raise NotFound(field="invoice", what="Invoice", id=invoice_id)
    return Invoice.objects.get(pk=invoice_id)
