"""Whether commission of an order was paid out: then its partners and rules stay."""

from duebook.commissions.models import PayoutLine
from duebook.domain.errors import CommissionPaidOut


def require_not_paid_out(order_id: int) -> None:
    """Raise CommissionPaidOut when an entry of the order stands in a live payout."""
    line = (
        PayoutLine.objects.filter(live=True, entry__accrual__invoice__order=order_id)
        .select_related("payout__batch")
        .first()
    )
    if line is not None:
        raise CommissionPaidOut(batch=str(line.payout.batch))
