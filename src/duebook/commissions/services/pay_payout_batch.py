"""Mark an approved payout batch as paid: the money left the bank."""

from datetime import date

from django.db import transaction

from duebook.commissions.locks import lock_batch, require_state
from duebook.commissions.models import Payout, PayoutBatch
from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.errors import BeforeOrigin, FuturePayout
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.ledger.models import Transfer
from duebook.ledger.periods import require_open


@transaction.atomic
def pay_payout_batch(
    *,
    batch_id: int,
    paid_on: date,
    method: str,
    reference: str,
    request_key: str,
    actor: Actor,
    on: date,
) -> PayoutBatch:
    """Book each payout from partner payable to the bank, dated ``paid_on``. A paid batch never changes.

    Locks the batch. Records ``payout.paid``.
    Raises NotFound, Forbidden, BatchState, FuturePayout, BeforeOrigin, PeriodClosed, KeyReused.
    """
    batch = lock_batch(batch_id)
    hashed = input_hash(["pay", batch_id, paid_on, method, reference])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return batch
    actor.require(Right.CREATE_PAYOUTS)
    require_state(batch, PayoutBatch.States.APPROVED)
    if paid_on > on:
        raise FuturePayout(date=paid_on)
    if paid_on < batch.cut_off_on:
        raise BeforeOrigin(field="paid_on", date=paid_on, earliest=batch.cut_off_on)
    require_open(paid_on, field="paid_on")
    batch.state = PayoutBatch.States.PAID
    batch.paid_on = paid_on
    batch.paid_method = method.strip()
    batch.paid_reference = reference.strip()
    batch.paid_by_id = actor.user_id
    batch.save(update_fields=["state", "paid_on", "paid_method", "paid_reference", "paid_by_id"])
    _book(batch, paid_on)
    record_event(
        name="payout.paid",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "batch_id": batch.pk,
            "number": str(batch),
            "paid_on": paid_on.isoformat(),
            "total_minor": batch.total_minor,
            "currency": batch.currency,
            "method": batch.paid_method,
            "reference": batch.paid_reference,
        },
    )
    return batch


def _book(batch: PayoutBatch, paid_on: date) -> None:
    Transfer.objects.bulk_create(
        (
            Transfer(
                kind=TransferKind.COMMISSION_PAID.value,
                debit_account_id=int(SystemAccount.PARTNER_PAYABLE),
                credit_account_id=int(SystemAccount.BANK),
                amount_minor=payout.amount_minor,
                currency=batch.currency,
                effective_on=paid_on,
                partner_id=payout.partner_id,
            )
            for payout in Payout.objects.filter(batch=batch).order_by("id")
        ),
        batch_size=5000,
    )
