"""Take a card out of use: it is charged no more, and the gateway is asked to forget it."""

from django.db import transaction
from procrastinate.contrib.django import app

from duebook.domain.errors import CardBeingCharged, CardInactive
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.card_reading import contact_of_card, lock_card
from duebook.payments.models import ChargeLine, PaymentMethod


@transaction.atomic
def deactivate_card(*, payment_method_id: int, request_key: str, actor: Actor) -> None:
    """Deactivate the card; what was paid with it stays, and the contact may have no default then.

    A job asks the gateway to forget it, once this is committed. Locks the contact and the card. Records
    ``card.deactivated``. Raises NotFound, Forbidden, CardInactive, CardBeingCharged, KeyReused.
    """
    contact_id = contact_of_card(payment_method_id)
    write_path.lock_contacts([contact_id])
    card = lock_card(payment_method_id)
    hashed = input_hash(["deactivate card", payment_method_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.MANAGE_CARDS)
    if not card.active:
        raise CardInactive
    charging = ChargeLine.objects.filter(charge__payment_method=card, is_open=True)
    if (line := charging.select_related("charge").first()) is not None:
        raise CardBeingCharged(number=str(line.charge))
    PaymentMethod.objects.filter(pk=payment_method_id).update(active=False, is_default=False)
    record_event(
        name="card.deactivated",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={"payment_method_id": payment_method_id, "number": str(card), "card": str(card)},
    )
    app.configure_task("forget_card").defer(payment_method_id=payment_method_id, token=card.token)
