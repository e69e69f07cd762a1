"""Edit a payment type; payments already recorded keep the account that they were booked to."""

from django.db import transaction

from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.payments.models import PaymentType
from duebook.payments.type_details import PaymentTypeDetails


@transaction.atomic
def edit_payment_type(
    *, payment_type_id: int, details: PaymentTypeDetails, request_key: str, actor: Actor
) -> PaymentType:
    """Replace the type's details, or put it out of use.

    Locks the type. Records ``payment_type.edited`` with what changed.
    Raises NotFound, Forbidden, NameRequired, LabelTaken, AccountNotFitting, KeyReused.
    """
    payment_type = row_by_id(
        PaymentType.objects.select_for_update(no_key=True, of=("self",)), payment_type_id, "Payment type"
    )
    hashed = input_hash([payment_type_id, details])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return payment_type
    actor.require(Right.CHANGE_SETTINGS)
    details.check(PaymentKind(payment_type.kind), other_than=payment_type_id)
    new = details.columns()
    before = {name: getattr(payment_type, name) for name in new if getattr(payment_type, name) != new[name]}
    for name in before:
        setattr(payment_type, name, new[name])
    if before:
        payment_type.save(update_fields=list(before))
    record_event(
        name="payment_type.edited",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "payment_type_id": payment_type_id,
            "number": payment_type.label,
            "before": before,
            "after": {name: new[name] for name in before},
        },
    )
    return payment_type
