"""Issuing and voiding an invoice inside the transaction of the service that decides it."""

from datetime import date

from duebook.domain.accounts import TransferKind
from duebook.domain.errors import AlreadyVoid, StillApplied
from duebook.domain.money import Money
from duebook.domain.order_lines import OrderLines, invoice_postings
from duebook.domain.permissions import Actor
from duebook.invoices.models import Invoice, Void
from duebook.ledger.services.post_transfers import post_transfers
from duebook.orders.models import Order
from duebook.orders.queries import sums_by_kind


def issue(*, order: Order, lines: OrderLines, due_on: date) -> Invoice:
    """The order's invoice and its transfers, dated on the order's day."""
    invoice = Invoice.objects.create(
        order=order,
        contact_id=order.contact_id,
        currency=order.currency,
        issued_on=order.ordered_on,
        due_on=due_on,
        total_minor=lines.total_minor,
        finance_minor=lines.finance_minor,
    )
    post_transfers(
        postings=invoice_postings(lines.by_kind()),
        kind=TransferKind.INVOICE_ISSUED,
        currency=order.currency,
        effective_on=order.ordered_on,
        contact_id=order.contact_id,
        invoice_id=invoice.pk,
    )
    return invoice


def void(*, invoice: Invoice, reason: str, actor: Actor, on: date) -> Void:
    """Void a locked invoice: the mirror image of what was issued, dated ``on``.

    Raises AlreadyVoid, StillApplied.
    """
    if Void.objects.filter(invoice=invoice).exists():
        raise AlreadyVoid(number=str(invoice))
    if invoice.applied_minor:
        raise StillApplied(applied=Money(invoice.applied_minor, invoice.currency), number=str(invoice))
    voided = Void.objects.create(
        invoice=invoice,
        total_minor=invoice.total_minor,
        finance_minor=invoice.finance_minor,
        voided_on=on,
        reason=reason,
        voided_by_id=actor.user_id,
    )
    post_transfers(
        postings=invoice_postings({}, sums_by_kind(invoice.order_id)),
        kind=TransferKind.INVOICE_VOIDED,
        currency=invoice.currency,
        effective_on=on,
        contact_id=invoice.contact_id,
        invoice_id=invoice.pk,
    )
    invoice.total_minor = 0
    invoice.finance_minor = 0
    invoice.save(update_fields=["total_minor", "finance_minor"])
    return voided
