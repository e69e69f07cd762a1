"""Add a payment type."""

from django.db import transaction
from django.db.models import Max

from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.payments.models import PaymentType
from duebook.payments.type_details import PaymentTypeDetails


@transaction.atomic
def add_payment_type(
    *, details: PaymentTypeDetails, kind: PaymentKind, request_key: str, actor: Actor
) -> PaymentType:
    """Add the type at the end of the list. Records ``payment_type.added``.

    Raises Forbidden, NameRequired, LabelTaken, AccountNotFitting, KeyReused.
    """
    take_turn("payments.add_payment_type")
    hashed = input_hash([details, kind])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return PaymentType.objects.get(pk=earlier.payload["payment_type_id"])
    actor.require(Right.CHANGE_SETTINGS)
    details.check(kind, other_than=0)
    last = PaymentType.objects.aggregate(last=Max("position"))["last"] or 0
    payment_type = PaymentType.objects.create(kind=kind.value, position=last + 10, **details.columns())
    record_event(
        name="payment_type.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"payment_type_id": payment_type.pk, "number": payment_type.label, "kind": kind.value},
    )
    return payment_type
