"""What the books call a movement, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duebook.domain.accounts import TransferKind

_WORDS: dict[str, str | Promise] = {
    TransferKind.INVOICE_ISSUED.value: _("Invoice issued"),
    TransferKind.ORDER_CHANGED.value: _("Order changed"),
    TransferKind.INVOICE_VOIDED.value: _("Invoice void"),
    TransferKind.PAYMENT_RECEIVED.value: _("Payment received"),
    TransferKind.ADJUSTMENT.value: _("Adjustment"),
    TransferKind.ALLOCATED.value: _("Applied to invoice"),
    TransferKind.DEALLOCATED.value: _("Taken off invoice"),
    TransferKind.RETURNED.value: _("Returned by the bank"),
    TransferKind.REFUNDED.value: _("Refunded to the customer"),
    TransferKind.BANK_FEE.value: _("Bank fee"),
    TransferKind.PROCESSOR_FEE.value: _("Fee of the card processor"),
    TransferKind.SETTLED.value: _("Paid out by the card processor"),
}


def transfer_words(kind: str) -> str:
    """The kind in words; one that has none yet is shown as it is called."""
    return str(_WORDS.get(kind, kind.replace("_", " ")))
