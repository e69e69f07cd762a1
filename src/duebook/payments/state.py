"""Reading one payment with its rows, after the locks, for the decisions about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from duebook.commissions.queries import accruals_of
from duebook.domain.accounts import COMMISSION_KINDS, TransferKind
from duebook.domain.errors import NotFound
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import OpenInvoice
from duebook.domain.refunding import RefundMeans
from duebook.domain.reversing import TransferRow
from duebook.events.rows import row_by_id
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.ledger.queries import closed_until
from duebook.payments import write_path
from duebook.payments.charge_models import OPEN_REFUND_STATES_IN_ORDER
from duebook.payments.models import Allocation, GatewayRefund, Payment, RefundReversal


@dataclass(frozen=True, slots=True)
class PaymentRows:
    """A payment with everything that undoing it needs."""

    state: PaymentState
    allocations: tuple[AllocationRow, ...]
    invoices: dict[int, OpenInvoice]
    closed_until: date | None
    recorded_by_id: int
    recorded_at: datetime
    reference: str
    notes: str


def contact_of(payment_id: int) -> int:
    """The contact of a payment, which never changes. Raises NotFound."""
    contact_id = Payment.objects.filter(pk=payment_id).values_list("contact_id", flat=True).first()
    if contact_id is None:
        raise NotFound(what="Payment", id=payment_id)
    return contact_id


def lock_payment(payment_id: int, *, other_invoice_ids: Iterable[int] = ()) -> None:
    """Lock the payment's contact, the invoices it is applied to (and others), and the payment, in that order.

    The contact's lock keeps the payment's allocations as they are while the invoices are locked.
    """
    write_path.lock_contacts([contact_of(payment_id)])
    write_path.lock_invoices({*invoice_ids_of(payment_id), *other_invoice_ids})
    write_path.lock_payments([payment_id])


def invoice_ids_of(payment_id: int) -> set[int]:
    return set(Allocation.objects.filter(payment_id=payment_id).values_list("invoice_id", flat=True))


def read_payment(payment_id: int, *, other_invoice_ids: Iterable[int] = ()) -> PaymentRows:
    """The payment as it stands now. Raises NotFound."""
    payment = row_by_id(Payment.objects.select_related("payment_type", "bank_return"), payment_id, "Payment")
    allocations = allocation_rows(_standing_allocations(payment_id))
    bank_return = getattr(payment, "bank_return", None)
    state = PaymentState(
        id=payment.pk,
        number=payment.number,
        contact_id=payment.contact_id,
        kind=PaymentKind(payment.kind),
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        allocated_minor=payment.allocated_minor,
        refunded_minor=payment.refunded_minor,
        returned_minor=payment.returned_minor,
        reversed_minor=payment.reversed_minor,
        received_on=payment.received_on,
        account_id=_account_of(payment),
        counts=payment.apply_to_commissions,
        from_gateway=payment.charge_id is not None,
        returned_on=bank_return.returned_on if bank_return else None,
        disputed_minor=payment.returned_minor - (bank_return.amount_minor if bank_return else 0),
        refund_under_way=payment.charge_id is not None
        and GatewayRefund.objects.filter(payment=payment_id, state__in=OPEN_REFUND_STATES_IN_ORDER).exists(),
    )
    return PaymentRows(
        state=state,
        allocations=allocations,
        invoices=open_invoices({*(row.invoice_id for row in allocations), *other_invoice_ids}),
        closed_until=closed_until(),
        recorded_by_id=payment.recorded_by_id,
        recorded_at=payment.recorded_at,
        reference=payment.reference,
        notes=payment.notes,
    )


def allocation_rows(found: QuerySet[Allocation]) -> tuple[AllocationRow, ...]:
    """The allocations as decisions see them, in the order in which they were written."""
    columns = ("invoice_id", "amount_minor", "apply_to_commissions", "applied_on")
    return tuple(AllocationRow(*row) for row in found.order_by("id").values_list(*columns))


def _standing_allocations(payment_id: int) -> QuerySet[Allocation]:
    """All but what a refund by hand took off and its undoing applied again: as if neither had been.

    Of a refund through the gateway that came back both stand, since an invoice may not take it all again.
    Each stands in the statement that booked it, so its rows have one instant with a transfer.
    """
    undone = RefundReversal.objects.filter(
        refund__payment_id=payment_id, refund__means=RefundMeans.BY_HAND.value
    )
    again = Transfer.objects.filter(pk__in=undone.values("transfer_id")).values("recorded_at")
    taken_off = undone.values("refund__recorded_at")
    rows = Allocation.objects.filter(payment_id=payment_id)
    return rows.exclude(Q(recorded_at__in=taken_off) | Q(recorded_at__in=again))


def _account_of(payment: Payment) -> int:
    """The account that the money went to when it was recorded; the type may have another one today."""
    kinds = (TransferKind.PAYMENT_RECEIVED.value, TransferKind.ADJUSTMENT.value)
    booked = Transfer.objects.filter(payment_id=payment.pk, kind__in=kinds, corrects_id__isnull=True)
    return booked.values_list("debit_account_id", flat=True).get()


def uncorrected_transfers(payment_id: int) -> tuple[TransferRow, ...]:
    """The payment's transfers that nothing has taken back: all but those of a refund that was undone.

    Without those of commissions: these follow the invoice's counters and post the difference.
    """
    rows = Transfer.objects.filter(payment_id=payment_id)
    corrected = rows.filter(corrects_id__isnull=False).values("corrects_id")
    return transfer_rows(rows.filter(corrects_id__isnull=True).exclude(pk__in=corrected))


def transfer_rows(found: QuerySet[Transfer]) -> tuple[TransferRow, ...]:
    """The transfers as decisions see them, without those of commissions."""
    columns = (
        "id",
        "kind",
        "debit_account_id",
        "credit_account_id",
        "amount_minor",
        "effective_on",
        "invoice_id",
    )
    rows = found.exclude(kind__in=COMMISSION_KINDS).order_by("id").values_list(*columns)
    return tuple(
        TransferRow(pk, TransferKind(kind), debit, credit, minor, day, invoice)
        for pk, kind, debit, credit, minor, day, invoice in rows
    )


def open_invoices(invoice_ids: Iterable[int]) -> dict[int, OpenInvoice]:
    """The invoices as decisions see them."""
    wanted = set(invoice_ids)
    found = Invoice.objects.filter(pk__in=wanted).select_related("void")
    accruals = accruals_of(wanted)
    return {
        invoice.pk: OpenInvoice(
            id=invoice.pk,
            number=invoice.number,
            contact_id=invoice.contact_id,
            order_id=invoice.order_id,
            currency=invoice.currency,
            total_minor=invoice.total_minor,
            applied_minor=invoice.applied_minor,
            issued_on=invoice.issued_on,
            is_void=hasattr(invoice, "void"),
            finance_minor=invoice.finance_minor,
            counted_minor=invoice.counted_minor,
            uncounted_minor=invoice.uncounted_minor,
            money_minor=invoice.money_minor,
            money_back_minor=invoice.money_back_minor,
            accruals=accruals.get(invoice.pk, ()),
        )
        for invoice in found
    }
