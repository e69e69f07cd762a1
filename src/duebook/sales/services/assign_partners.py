"""Give an order its lead and sale partner, or change them while nothing of it was paid out."""

from datetime import date

from django.db import transaction

from duebook.commissions.accruing import accrue_by_terms_now
from duebook.commissions.paid_out import keep_unpaid, require_not_paid_out
from duebook.domain.commission_steps import CommissionStep, EntryCause
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.locks import lock_order_and_invoice
from duebook.ledger.periods import require_open
from duebook.orders.models import Order
from duebook.partners.models import Partner
from duebook.partners.notifying import notify_of_sale_later
from duebook.sales.rolled_back import PREVIEW_KEY, rolled_back
from duebook.sales.services.place_order import check_partners


@transaction.atomic
def assign_partners(
    *,
    order_id: int,
    lead_partner_id: int | None,
    sale_partner_id: int | None,
    request_key: str,
    actor: Actor,
    on: date,
) -> tuple[CommissionStep, ...]:
    """Write the partners and post what they would have earned so far, dated ``on``; others give theirs back.

    Lets no payout be built meanwhile. Locks the order and its invoice. Records ``order.partners_assigned``.
    Raises NotFound, Forbidden, CommissionPaidOut, PeriodClosed, KeyReused.
    """
    keep_unpaid()
    lock_order_and_invoice(order_id)
    hashed = input_hash([order_id, lead_partner_id, sale_partner_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return ()
    actor.require(Right.MANAGE_PARTNERS)
    check_partners(lead_partner_id, sale_partner_id)
    require_not_paid_out(order_id)
    require_open(on, field="")
    order = Order.objects.get(pk=order_id)
    before = {"lead_partner_id": order.lead_partner_id, "sale_partner_id": order.sale_partner_id}
    order.lead_partner_id = lead_partner_id
    order.sale_partner_id = sale_partner_id
    order.save(update_fields=["lead_partner", "sale_partner"])
    steps = accrue_by_terms_now(order=order, cause=EntryCause.ASSIGNED, entered_on=on)
    record_event(
        name="order.partners_assigned",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=order.contact_id,
        order_id=order_id,
        payload={
            "order_id": order_id,
            "number": str(order),
            "before": before,
            "lead_partner_id": lead_partner_id,
            "sale_partner_id": sale_partner_id,
            "lead_partner": _name(lead_partner_id),
            "sale_partner": _name(sale_partner_id),
            "posted_minor": sum(step.minor for step in steps),
            "currency": order.currency,
        },
    )
    new = {lead_partner_id, sale_partner_id} - set(before.values())
    notify_of_sale_later(order_id=order_id, partner_ids=new, actor=actor)
    return steps


def _name(partner_id: int | None) -> str:
    """The partner's name as it was then, for the order's story."""
    return "" if partner_id is None else Partner.objects.values_list("name", flat=True).get(pk=partner_id)


def preview_partners(
    *, order_id: int, lead_partner_id: int | None, sale_partner_id: int | None, actor: Actor, on: date
) -> tuple[CommissionStep, ...]:
    """What ``assign_partners`` would post, by running it and rolling back. Raises as it does."""
    return rolled_back(
        lambda: assign_partners(
            order_id=order_id,
            lead_partner_id=lead_partner_id,
            sale_partner_id=sale_partner_id,
            request_key=PREVIEW_KEY,
            actor=actor,
            on=on,
        )
    )
