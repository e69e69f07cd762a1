"""Void an invoice that was wrong; its order stays, with nothing to pay."""

from datetime import date

from django.db import transaction

from duebook.commissions.accruing import accrue_by_frozen_terms
from duebook.domain.commission_steps import EntryCause
from duebook.domain.errors import ReasonRequired
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.issuing import void
from duebook.invoices.locks import lock_invoice
from duebook.invoices.models import Void
from duebook.ledger.periods import require_open


@transaction.atomic
def void_invoice(*, invoice_id: int, reason: str, request_key: str, actor: Actor, on: date) -> Void:
    """Void the invoice, dated ``on``; what it came to is kept in the Void row.

    Locks the invoice. Records ``invoice.voided``.
    Raises NotFound, Forbidden, ReasonRequired, AlreadyVoid, StillApplied, PeriodClosed, KeyReused.
    """
    invoice = lock_invoice(invoice_id)
    hashed = input_hash({"invoice_id": invoice_id, "reason": reason})
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return Void.objects.get(invoice=invoice)
    actor.require(Right.VOID)
    if not reason.strip():
        raise ReasonRequired
    require_open(on, field="")
    voided = void(invoice=invoice, reason=reason.strip(), actor=actor, on=on)
    accrue_by_frozen_terms(order=invoice.order, cause=EntryCause.ORDER_CANCELLED, entered_on=on)
    record_event(
        name="invoice.voided",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=invoice.contact_id,
        order_id=invoice.order_id,
        payload={
            "invoice_id": invoice.pk,
            "number": str(invoice),
            "total_minor": voided.total_minor,
            "currency": invoice.currency,
            "reason": voided.reason,
        },
    )
    return voided
