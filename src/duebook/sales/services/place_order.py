"""Place an order: the order, its items and its invoice, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from duebook.commissions.accruing import accrue_by_terms_now
from duebook.contacts.models import Contact
from duebook.domain.commission_steps import EntryCause
from duebook.domain.errors import (
    CurrencyMismatch,
    DueBeforeOrder,
    FutureOrderDate,
    ItemNeedsDescription,
    NotFound,
)
from duebook.domain.money import Money
from duebook.domain.order_lines import LineInput, OrderLines, total_lines
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.issuing import issue
from duebook.invoices.models import Invoice
from duebook.ledger.currencies import exponent, is_currency
from duebook.ledger.periods import require_open
from duebook.orders.models import Order, OrderItem
from duebook.partners.models import Partner
from duebook.partners.notifying import notify_of_sale_later
from duebook.staff.queries import business


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The numbers of what was placed; ``repeated`` when this very request had placed it before."""

    order_id: int
    number: int
    invoice_id: int
    invoice_number: int
    total: Money
    repeated: bool = False


@transaction.atomic
def place_order(
    *,
    contact_id: int,
    title: str,
    ordered_on: date,
    currency: str,
    lines: Sequence[LineInput],
    request_key: str,
    actor: Actor,
    on: date,
    due_on: date | None = None,
    lead_partner_id: int | None = None,
    sale_partner_id: int | None = None,
    source_key: str | None = None,
) -> PlacedOrder:
    """Place an order and issue its invoice on the order's day, due by the business's terms unless given.

    Records ``order.placed``. Raises NotFound, Forbidden, FutureOrderDate, DueBeforeOrder, PeriodClosed,
    CurrencyMismatch, KeyReused and what ``total_lines`` raises.
    """
    hashed = hash_of_order(
        contact_id, title, ordered_on, currency, lines, due_on, (lead_partner_id, sale_partner_id)
    )
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None and earlier.order_id is not None:
        return _placed_before(earlier.order_id)
    actor.require(Right.EDIT_ORDERS)
    if not Contact.objects.filter(pk=contact_id).exists():
        raise NotFound(field="contact", what="Contact", id=contact_id)
    check_partners(lead_partner_id, sale_partner_id)
    decided = _decide(lines, currency, ordered_on, due_on, on)
    order = Order.objects.create(
        contact_id=contact_id,
        title=title.strip() or decided.lines[0].input.description,
        ordered_on=ordered_on,
        currency=currency,
        source=actor.source.value,
        source_key=source_key,
        lead_partner_id=lead_partner_id,
        sale_partner_id=sale_partner_id,
    )
    write_items(order.pk, decided)
    terms = timedelta(days=business().terms_days)
    invoice = issue(order=order, lines=decided, due_on=due_on or ordered_on + terms)
    placed = PlacedOrder(
        order.pk, order.number, invoice.pk, invoice.number, Money(decided.total_minor, currency)
    )
    accrue_by_terms_now(order=order, cause=EntryCause.ORDER_PLACED, entered_on=ordered_on)
    record_event(
        name="order.placed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        order_id=order.pk,
        payload=placed_payload(placed),
    )
    notify_of_sale_later(order_id=order.pk, partner_ids=(lead_partner_id, sale_partner_id), actor=actor)
    return placed


def hash_of_order(
    contact_id: int,
    title: str,
    ordered_on: date,
    currency: str,
    lines: Sequence[LineInput],
    due_on: date | None,
    partner_ids: tuple[int | None, int | None],
) -> str:
    """The identity of what is asked for; an import, which places many orders at once, uses it too."""
    return input_hash([contact_id, title, ordered_on, currency, list(lines), due_on, *partner_ids])


def placed_payload(placed: PlacedOrder) -> dict[str, str | int]:
    """What the event ``order.placed`` says."""
    return {
        "order_id": placed.order_id,
        "number": f"#{placed.number}",
        "invoice_id": placed.invoice_id,
        "invoice": f"INV-{placed.invoice_number}",
        "total_minor": placed.total.minor,
        "currency": placed.total.currency,
    }


def write_items(order_id: int, lines: OrderLines) -> None:
    """Insert the decided lines as the order's items."""
    OrderItem.objects.bulk_create(
        OrderItem(
            order_id=order_id,
            position=line.position,
            kind=line.input.kind.value,
            product_id=line.input.product_id,
            description=line.input.description,
            quantity=line.input.quantity,
            unit_price=line.input.unit_price,
            line_minor=line.line_minor,
            apply_to_commissions=line.input.apply_to_commissions,
        )
        for line in lines.lines
    )


def _decide(
    lines: Sequence[LineInput], currency: str, ordered_on: date, due_on: date | None, on: date
) -> OrderLines:
    if not is_currency(currency):
        raise CurrencyMismatch(
            field="currency", given=currency or "no currency", expected="an ISO 4217 currency"
        )
    if ordered_on > on:
        raise FutureOrderDate(date=ordered_on)
    if due_on is not None and due_on < ordered_on:
        raise DueBeforeOrder(date=ordered_on)
    require_open(ordered_on, field="ordered_on")
    decided = total_lines(lines, currency, exponent(currency))
    if any(not line.description.strip() for line in lines):
        raise ItemNeedsDescription
    return decided


def check_partners(*partner_ids: int | None) -> None:
    """Raise NotFound unless each partner named exists."""
    wanted = {partner_id for partner_id in partner_ids if partner_id is not None}
    known = set(Partner.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    for partner_id in wanted - known:
        raise NotFound(field="lead_partner", what="Referral partner", id=partner_id)


def _placed_before(order_id: int) -> PlacedOrder:
    invoice = Invoice.objects.select_related("order").get(order_id=order_id)
    return PlacedOrder(
        order_id,
        invoice.order.number,
        invoice.pk,
        invoice.number,
        Money(invoice.total_minor, invoice.currency),
        repeated=True,
    )
