"""Cancel an order: nothing will be delivered and nothing is owed."""

from datetime import date

from django.db import transaction

from duebook.commissions.accruing import accrue_by_frozen_terms
from duebook.domain.commission_steps import EntryCause
from duebook.domain.errors import AlreadyCancelled, ReasonRequired
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.issuing import void
from duebook.invoices.locks import lock_order_and_invoice
from duebook.invoices.models import Void
from duebook.ledger.periods import require_open
from duebook.orders.models import Cancellation, Order


@transaction.atomic
def cancel_order(*, order_id: int, reason: str, request_key: str, actor: Actor, on: date) -> Cancellation:
    """Cancel the order and void its invoice if that was not void already.

    Locks the order and its invoice. Records ``order.cancelled``.
    Raises NotFound, Forbidden, ReasonRequired, AlreadyCancelled, StillApplied, PeriodClosed, KeyReused.
    """
    invoice = lock_order_and_invoice(order_id)
    hashed = input_hash({"order_id": order_id, "reason": reason})
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return Cancellation.objects.get(order_id=order_id)
    actor.require(Right.VOID)
    if not reason.strip():
        raise ReasonRequired
    order = Order.objects.get(pk=order_id)
    if Cancellation.objects.filter(order=order).exists():
        raise AlreadyCancelled(number=str(order))
    require_open(on, field="")
    if not Void.objects.filter(invoice=invoice).exists():
        void(invoice=invoice, reason=reason.strip(), actor=actor, on=on)
        accrue_by_frozen_terms(order=order, cause=EntryCause.ORDER_CANCELLED, entered_on=on)
    cancellation = Cancellation.objects.create(
        order=order, cancelled_on=on, reason=reason.strip(), cancelled_by_id=actor.user_id
    )
    record_event(
        name="order.cancelled",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=order.contact_id,
        order_id=order_id,
        payload={
            "order_id": order_id,
            "number": str(order),
            "invoice": str(invoice),
            "reason": cancellation.reason,
        },
    )
    return cancellation
