"""Recalculate the commissions of orders by the rules of today; a change of rules changes no old order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q

from duebook.commissions.accruing import accrue_by_terms_now, preview_by_terms_now
from duebook.commissions.paid_out import keep_unpaid, paid_out, require_not_paid_out
from duebook.domain.commission_steps import CommissionStep, EntryCause
from duebook.domain.errors import DomainError, NotFound
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.locks import lock_order_and_invoice
from duebook.ledger.periods import require_open
from duebook.orders.models import Order


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """Which orders to recalculate: by days, partner and program, all of them optional."""

    first_on: date | None = None
    last_on: date | None = None
    partner_id: int | None = None
    program_id: int | None = None


def preview_recalculation(*, order_id: int, actor: Actor, on: date) -> tuple[CommissionStep, ...]:
    """What recalculating would post; writes nothing.

    Raises NotFound, Forbidden, CommissionPaidOut, PeriodClosed.
    """
    found = preview_recalculations(order_ids=[order_id], actor=actor, on=on)[order_id]
    if isinstance(found, DomainError):
        raise found
    return found


def preview_recalculations(
    *, order_ids: Sequence[int], actor: Actor, on: date
) -> dict[int, tuple[CommissionStep, ...] | DomainError]:
    """What recalculating each of the orders would post, or the refusal; writes nothing.

    It takes as many queries for a thousand orders as for one. Raises Forbidden, PeriodClosed.
    """
    actor.require(Right.SET_COMMISSIONS)
    require_open(on, field="")
    refused = paid_out(order_ids)
    orders = Order.objects.in_bulk([pk for pk in order_ids if pk not in refused])
    steps = preview_by_terms_now(orders=orders.values(), entered_on=on)
    missing = {pk: NotFound(what="Order", id=pk) for pk in order_ids if pk not in steps}
    return {**missing, **refused, **steps}


@transaction.atomic
def recalculate_order(
    *, order_id: int, request_key: str, actor: Actor, on: date
) -> tuple[CommissionStep, ...]:
    """Freeze today's rules for the order and post the difference, dated ``on``.

    Lets no payout be built meanwhile. Locks the order and its invoice. Records ``order.recalculated``.
    Raises NotFound, Forbidden, CommissionPaidOut, PeriodClosed, KeyReused.
    """
    keep_unpaid()
    lock_order_and_invoice(order_id)
    hashed = input_hash(["recalculate", order_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return ()
    actor.require(Right.SET_COMMISSIONS)
    require_not_paid_out(order_id)
    require_open(on, field="")
    order = Order.objects.get(pk=order_id)
    steps = accrue_by_terms_now(order=order, cause=EntryCause.RECALCULATED, entered_on=on)
    record_event(
        name="order.recalculated",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=order.contact_id,
        order_id=order_id,
        payload={
            "order_id": order_id,
            "number": str(order),
            "posted_minor": sum(step.minor for step in steps),
            "currency": order.currency,
        },
    )
    return steps


def chosen_orders(choice: OrderChoice) -> list[int]:
    """The ids of the orders that the choice names, the oldest first."""
    orders = Order.objects.all()
    if choice.first_on is not None:
        orders = orders.filter(ordered_on__gte=choice.first_on)
    if choice.last_on is not None:
        orders = orders.filter(ordered_on__lte=choice.last_on)
    if choice.partner_id is not None:
        partner = choice.partner_id
        orders = orders.filter(
            Q(lead_partner=partner) | Q(sale_partner=partner) | Q(invoice__accruals__partner=partner)
        ).distinct()
    if choice.program_id is not None:
        program = choice.program_id
        orders = orders.filter(
            Q(invoice__accruals__program=program)
            | Q(lead_partner__programs=program)
            | Q(sale_partner__programs=program)
        ).distinct()
    return list(orders.order_by("ordered_on", "id").values_list("pk", flat=True))
