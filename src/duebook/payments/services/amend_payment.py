"""Change the notes and the reference of a payment: all that may change of it."""

from django.db import transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.models import Payment
from duebook.payments.state import contact_of


@transaction.atomic
def amend_payment(*, payment_id: int, reference: str, notes: str, request_key: str, actor: Actor) -> None:
    """Write the new reference and notes; the old ones stay in the event.

    Locks the payment. Records ``payment.amended``. Raises NotFound, Forbidden, CardNumberTyped, KeyReused.
    """
    contact_id = contact_of(payment_id)
    write_path.lock_payments([payment_id])
    hashed = input_hash([payment_id, reference, notes])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.AMEND_NOTES)
    refuse_card_numbers(reference=reference, notes=notes)
    payment = Payment.objects.only("number", "reference", "notes").get(pk=payment_id)
    before = {"reference": payment.reference, "notes": payment.notes}
    payment.reference = reference.strip()
    payment.notes = notes.strip()
    payment.save(update_fields=["reference", "notes"])
    record_event(
        name="payment.amended",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payment_id=payment_id,
        payload={
            "payment_id": payment_id,
            "number": payment.number,
            "before": before,
            "after": {"reference": payment.reference, "notes": payment.notes},
        },
    )
