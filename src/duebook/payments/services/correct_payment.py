"""Correct a payment: the wrong one is undone and the right one recorded, both or neither."""

from dataclasses import replace
from datetime import date

from django.db import transaction

from duebook.domain.permissions import Actor
from duebook.domain.recording import PaymentDecision, PaymentInput
from duebook.domain.reversing import run_back
from duebook.payments import write_path
from duebook.payments.services.record_payment import RecordedPayment, decide_recording, record_payment
from duebook.payments.services.reverse_payment import preview_reversal, reverse_payment
from duebook.payments.state import contact_of, invoice_ids_of


def preview_correction(*, payment_id: int, wanted: PaymentInput, actor: Actor, on: date) -> PaymentDecision:
    """What recording the other payment would do once this one is undone; writes nothing.

    Its commission steps are those of the undoing that take something back, then those of the other payment.
    Raises as ``correct_payment``, but for the reason and the request key.
    """
    undone = preview_reversal(payment_id=payment_id, actor=actor, on=on)
    situation = write_path.read_situation(
        invoice_ids=[share.invoice_id for share in wanted.shares],
        type_ids=[wanted.payment_type_id],
        contact_ids=[wanted.contact_id],
        actor_id=actor.user_id,
        request_keys=[],
        new_payments=0,
    )
    run_back(undone, situation.invoices)
    decision = decide_recording(wanted, actor, on, situation)
    taken_back = tuple(step for step in undone.commissions if step.minor)
    return replace(decision, commissions=(*taken_back, *decision.commissions))


@transaction.atomic
def correct_payment(
    *,
    payment_id: int,
    wanted: PaymentInput,
    reason: str,
    request_key: str,
    actor: Actor,
    on: date,
) -> RecordedPayment:
    """Undo the payment and record the other one in its place, also for another contact.

    Both halves are safe to repeat by keys derived from the request's. Locks the contacts,
    the invoices of both and the payment. Records ``payment.reversed`` and ``payment.recorded``.
    Raises what ``reverse_payment`` and ``record_payment`` raise.
    """
    write_path.lock_contacts({contact_of(payment_id), wanted.contact_id})
    write_path.lock_invoices({*invoice_ids_of(payment_id), *(share.invoice_id for share in wanted.shares)})
    write_path.lock_payments([payment_id])
    reverse_payment(
        payment_id=payment_id, reason=reason, request_key=f"{request_key}:undo", actor=actor, on=on
    )
    return record_payment(wanted=wanted, request_key=request_key, actor=actor, on=on)
