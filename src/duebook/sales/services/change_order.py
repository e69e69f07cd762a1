"""Change the items of an invoiced order; the books get the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from duebook.commissions.accruing import accrue_by_frozen_terms
from duebook.domain.accounts import TransferKind
from duebook.domain.commission_steps import EntryCause
from duebook.domain.errors import AlreadyCancelled, AlreadyVoid, ItemNeedsDescription, OrderBelowApplied
from duebook.domain.money import Money
from duebook.domain.order_lines import LineInput, OrderLines, Posting, invoice_postings, total_lines
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.locks import lock_order_and_invoice
from duebook.invoices.models import Invoice, Void
from duebook.ledger.currencies import exponent
from duebook.ledger.periods import require_open
from duebook.ledger.services.post_transfers import post_transfers
from duebook.orders.models import Cancellation, Order, OrderItem
from duebook.orders.queries import sums_by_kind
from duebook.sales.services.place_order import write_items


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What changing the items does: the totals, the balance due, and the postings of the difference."""

    lines: OrderLines
    total_before: Money
    total_after: Money
    balance_after: Money
    postings: tuple[Posting, ...]


def preview_change(*, order_id: int, lines: Sequence[LineInput], actor: Actor, on: date) -> OrderChange:
    """What changing the items would do, by the decision that saving runs. Raises as ``change_order``."""
    actor.require(Right.EDIT_ORDERS)
    return _decide(Invoice.objects.get(order_id=order_id), lines, on)


@transaction.atomic
def change_order(
    *, order_id: int, lines: Sequence[LineInput], request_key: str, actor: Actor, on: date
) -> OrderChange | None:
    """Replace the order's items; the difference is posted on the day ``on``. None when done before.

    Locks the order and its invoice. Records ``order.changed`` with the old items.
    Raises NotFound, Forbidden, AlreadyCancelled, AlreadyVoid, OrderBelowApplied, PeriodClosed, KeyReused and
    what ``total_lines`` raises.
    """
    invoice = lock_order_and_invoice(order_id)
    hashed = input_hash([order_id, list(lines)])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    actor.require(Right.EDIT_ORDERS)
    change = _decide(invoice, lines, on)
    old_items = _as_payload(order_id)
    OrderItem.objects.filter(order_id=order_id).delete()
    write_items(order_id, change.lines)
    invoice.total_minor = change.lines.total_minor
    invoice.finance_minor = change.lines.finance_minor
    invoice.save(update_fields=["total_minor", "finance_minor"])
    post_transfers(
        postings=change.postings,
        kind=TransferKind.ORDER_CHANGED,
        currency=invoice.currency,
        effective_on=max(on, invoice.issued_on),
        contact_id=invoice.contact_id,
        invoice_id=invoice.pk,
    )
    accrue_by_frozen_terms(order=invoice.order, cause=EntryCause.ORDER_CHANGED, entered_on=on)
    record_event(
        name="order.changed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=invoice.contact_id,
        order_id=order_id,
        payload={
            "order_id": order_id,
            "number": f"#{Order.objects.values_list('number', flat=True).get(pk=order_id)}",
            "total_before_minor": change.total_before.minor,
            "total_minor": change.total_after.minor,
            "currency": invoice.currency,
            "items_before": old_items,
        },
    )
    return change


def _decide(invoice: Invoice, lines: Sequence[LineInput], on: date) -> OrderChange:
    order_id = invoice.order_id
    if Cancellation.objects.filter(order_id=order_id).exists():
        raise AlreadyCancelled(number=f"#{invoice.order.number}")
    if Void.objects.filter(invoice=invoice).exists():
        raise AlreadyVoid(number=str(invoice))
    require_open(on, field="")
    currency = invoice.currency
    decided = total_lines(lines, currency, exponent(currency))
    if any(not line.description.strip() for line in lines):
        raise ItemNeedsDescription
    total = Money(decided.total_minor, currency)
    applied = Money(invoice.applied_minor, currency)
    if total < applied:
        raise OrderBelowApplied(applied=applied, total=total)
    return OrderChange(
        lines=decided,
        total_before=Money(invoice.total_minor, currency),
        total_after=total,
        balance_after=total - applied,
        postings=tuple(invoice_postings(decided.by_kind(), sums_by_kind(order_id))),
    )


def _as_payload(order_id: int) -> list[dict[str, str | int]]:
    return [
        {
            "kind": item.kind,
            "description": item.description,
            "quantity": format(item.quantity.normalize(), "f"),
            "unit_price": format(item.unit_price.normalize(), "f"),
            "line_minor": item.line_minor,
        }
        for item in OrderItem.objects.filter(order_id=order_id)
    ]
