"""Agree rates for one order that beat the partner's and every program's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from duebook.commissions.accruing import accrue_by_terms_now
from duebook.commissions.models import OrderOverride
from duebook.commissions.paid_out import keep_unpaid, require_not_paid_out
from duebook.domain.commission_checks import check_rate
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.commission_steps import CommissionStep, EntryCause
from duebook.domain.errors import RuleTwice
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.locks import lock_order_and_invoice
from duebook.ledger.periods import require_open
from duebook.orders.models import Order
from duebook.sales.rolled_back import PREVIEW_KEY, rolled_back
from duebook.sales.services.place_order import check_partners


@dataclass(frozen=True, slots=True)
class OrderOverrideInput:
    """A rate for one partner in one role on the order, for a product or all."""

    partner_id: int
    role: PartnerRole
    rate: Rate
    payout_type: PayoutType
    hold_days: int = 30
    product_id: int | None = None


@transaction.atomic
def override_order(
    *,
    order_id: int,
    overrides: Sequence[OrderOverrideInput],
    request_key: str,
    actor: Actor,
    on: date,
) -> tuple[CommissionStep, ...]:
    """Replace the order's overrides and post the difference, dated ``on``.

    Lets no payout be built meanwhile. Locks the order and its invoice. Records ``order.overridden``.
    Raises NotFound, Forbidden, RuleTwice, CommissionPaidOut, PeriodClosed, KeyReused and what ``check_rate``
    raises.
    """
    keep_unpaid()
    lock_order_and_invoice(order_id)
    hashed = input_hash(["override order", order_id, list(overrides)])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return ()
    actor.require(Right.SET_COMMISSIONS)
    order = Order.objects.get(pk=order_id)
    _check(overrides, order.currency)
    require_not_paid_out(order_id)
    require_open(on, field="")
    OrderOverride.objects.filter(order=order).delete()
    OrderOverride.objects.bulk_create(
        OrderOverride(
            order=order,
            partner_id=one.partner_id,
            role=one.role.value,
            product_id=one.product_id,
            percent_bps=one.rate.bps,
            fixed_minor=one.rate.fixed_minor,
            currency=one.rate.currency if one.rate.fixed_minor else "",
            payout_type=one.payout_type.value,
            hold_days=one.hold_days,
        )
        for one in overrides
    )
    steps = accrue_by_terms_now(order=order, cause=EntryCause.RECALCULATED, entered_on=on)
    record_event(
        name="order.overridden",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=order.contact_id,
        order_id=order_id,
        payload={
            "order_id": order_id,
            "number": str(order),
            "overrides": len(overrides),
            "posted_minor": sum(step.minor for step in steps),
            "currency": order.currency,
        },
    )
    return steps


def preview_override(
    *, order_id: int, overrides: Sequence[OrderOverrideInput], actor: Actor, on: date
) -> tuple[CommissionStep, ...]:
    """What ``override_order`` would post, by running it and rolling back. Raises as it does."""
    return rolled_back(
        lambda: override_order(
            order_id=order_id, overrides=overrides, request_key=PREVIEW_KEY, actor=actor, on=on
        )
    )


def _check(overrides: Sequence[OrderOverrideInput], currency: str) -> None:
    check_partners(*(one.partner_id for one in overrides))
    seen: set[tuple[int, PartnerRole, int | None]] = set()
    for one in overrides:
        check_rate(one.rate, currency)
        place = (one.partner_id, one.role, one.product_id)
        if place in seen:
            raise RuleTwice(what=one.role.value)
        seen.add(place)
