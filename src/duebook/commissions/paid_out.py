"""Whether commission of an order was paid out: then its partners and rules stay."""

from collections.abc import Iterable

from django.db.models import F

from duebook.commissions.models import PayoutLine
from duebook.domain.errors import CommissionPaidOut
from duebook.events.turns import share_turn

BUILDING = "commissions.build_payout_batch"
"""The turn of who builds a payout."""


def keep_unpaid() -> None:
    """Let no payout be built until the transaction ends: what was not paid out stays so. Before all locks."""
    share_turn(BUILDING)


def require_not_paid_out(order_id: int) -> None:
    """Raise CommissionPaidOut when an entry of the order stands in a live payout.

    Who changes the order then has called ``keep_unpaid``.
    """
    refusal = paid_out([order_id]).get(order_id)
    if refusal is not None:
        raise refusal


def paid_out(order_ids: Iterable[int]) -> dict[int, CommissionPaidOut]:
    """Why those of the orders that have an entry in a live payout stay as they are, by the order's id."""
    lines = (
        PayoutLine.objects.filter(live=True, entry__accrual__invoice__order__in=list(order_ids))
        .annotate(order_id=F("entry__accrual__invoice__order_id"))
        .select_related("payout__batch")
        .order_by("order_id", "id")
        .distinct("order_id")
    )
    return {line.order_id: CommissionPaidOut(batch=str(line.payout.batch)) for line in lines}
