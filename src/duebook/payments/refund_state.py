"""Reading one refund with its rows, after the locks, for the decision to undo it."""

from dataclasses import dataclass
from datetime import datetime

from duebook.domain.errors import NotFound
from duebook.domain.refunding import RefundMeans
from duebook.domain.reversing_refunds import Credited, RefundRow
from duebook.events.models import Event
from duebook.ledger.models import Transfer
from duebook.payments import write_path
from duebook.payments.models import Allocation, Charge, GatewayRefund, Refund
from duebook.payments.state import (
    PaymentRows,
    allocation_rows,
    contact_of,
    invoice_ids_of,
    read_payment,
    transfer_rows,
    uncorrected_transfers,
)


@dataclass(frozen=True, slots=True)
class RefundRows:
    """A refund with everything that undoing it needs."""

    payment: PaymentRows
    refund: RefundRow
    credited: Credited | None
    recorded_by_id: int
    recorded_at: datetime


def lock_refund(refund_id: int) -> None:
    """Lock its contact, the invoices of its payment and of what it credited, both payments and the charge.

    Raises NotFound.
    """
    refund = refund_by_id(refund_id)
    adjustment_id = credited_by(refund)
    payment_ids = [refund.payment_id] if adjustment_id is None else [refund.payment_id, adjustment_id]
    write_path.lock_contacts([contact_of(refund.payment_id)])
    write_path.lock_invoices({pk for payment_id in payment_ids for pk in invoice_ids_of(payment_id)})
    write_path.lock_payments(payment_ids)
    attempt = GatewayRefund.objects.filter(pk=refund.gateway_refund_id or 0)
    charge = Charge.objects.filter(pk__in=attempt.values("charge"))
    list(charge.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def refund_by_id(refund_id: int) -> Refund:
    """The refund with its payment, and its undoing if there is one. Raises NotFound."""
    found = Refund.objects.select_related(
        "payment__contact", "payment__payment_type", "account", "reversal"
    ).filter(pk=refund_id)
    refund = found.first()
    if refund is None:
        raise NotFound(what="Refund", id=refund_id)
    return refund


def came_back(refund: Refund) -> bool:
    """Whether the gateway says that the money is in the merchant account again."""
    attempts = GatewayRefund.objects.filter(pk=refund.gateway_refund_id or 0)
    return attempts.filter(came_back_at__isnull=False).exists()


def credited_by(refund: Refund) -> int | None:
    """The payment by which the refund credited or wrote off what shall not be owed; its event names it."""
    events = Event.objects.filter(
        name="payment.refunded", payment_id=refund.payment_id, occurred_at=refund.recorded_at
    )
    adjustment = events.values_list("payload__adjustment__payment_id", flat=True).get()
    return None if adjustment is None else int(adjustment)


def read_refund(refund_id: int) -> RefundRows:
    """The refund as it stands now. Raises NotFound.

    What it took off and its transfers stand in the statement that booked it, so they have one instant.
    """
    refund = refund_by_id(refund_id)
    adjustment_id = credited_by(refund)
    own = Allocation.objects.filter(payment=refund.payment_id, recorded_at=refund.recorded_at)
    booked = Transfer.objects.filter(payment_id=refund.payment_id, recorded_at=refund.recorded_at)
    taken_off = allocation_rows(own)
    others = Allocation.objects.filter(
        invoice_id__in={row.invoice_id for row in taken_off}, recorded_at__gt=refund.recorded_at
    )
    adjustment = read_payment(adjustment_id) if adjustment_id is not None else None
    return RefundRows(
        payment=read_payment(refund.payment_id),
        refund=RefundRow(
            id=refund.pk,
            amount_minor=refund.amount_minor,
            means=RefundMeans(refund.means),
            is_reversed=hasattr(refund, "reversal"),
            taken_off=taken_off,
            transfers=transfer_rows(booked),
            came_back=came_back(refund),
            used=frozenset(others.exclude(payment=adjustment_id or 0).values_list("invoice_id", flat=True)),
        ),
        credited=Credited(
            adjustment.state, adjustment.allocations, uncorrected_transfers(adjustment.state.id)
        )
        if adjustment is not None
        else None,
        recorded_by_id=refund.recorded_by_id,
        recorded_at=refund.recorded_at,
    )
