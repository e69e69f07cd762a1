"""Put the payment types in the order in which the form offers them."""

from collections.abc import Sequence

from django.db import transaction

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.models import PaymentType


@transaction.atomic
def arrange_payment_types(*, payment_type_ids: Sequence[int], request_key: str, actor: Actor) -> None:
    """Offer the types in this order; those not named follow in the order they had.

    Locks all types. Records ``payment_types.arranged``. Raises NotFound, Forbidden, KeyReused.
    """
    types = {row.pk: row for row in PaymentType.objects.select_for_update(no_key=True).order_by("pk")}
    hashed = input_hash(["arrange", list(payment_type_ids)])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHANGE_SETTINGS)
    for payment_type_id in payment_type_ids:
        if payment_type_id not in types:
            raise NotFound(what="Payment type", id=payment_type_id)
    rest = sorted(
        (row for row in types.values() if row.pk not in payment_type_ids), key=lambda r: (r.position, r.pk)
    )
    arranged = [*(types[pk] for pk in dict.fromkeys(payment_type_ids)), *rest]
    for place, row in enumerate(arranged, start=1):
        row.position = place * 10
    PaymentType.objects.bulk_update(arranged, ["position"])
    record_event(
        name="payment_types.arranged",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"payment_type_ids": [row.pk for row in arranged]},
    )
