"""Make a card the contact's default, which is offered first when a card is charged."""

from datetime import date

from django.db import transaction

from duebook.domain.errors import CardExpired, CardInactive
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.card_reading import contact_of_card
from duebook.payments.models import PaymentMethod
from duebook.payments.services.prepare_charge import card_of


@transaction.atomic
def make_default_card(*, payment_method_id: int, request_key: str, actor: Actor, on: date) -> None:
    """Make this card the default instead of another.

    Locks the contact. Records ``card.made_default``. Raises NotFound, Forbidden, CardInactive, CardExpired,
    KeyReused.
    """
    contact_id = contact_of_card(payment_method_id)
    write_path.lock_contacts([contact_id])
    hashed = input_hash(["make default card", payment_method_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.MANAGE_CARDS)
    card = PaymentMethod.objects.get(pk=payment_method_id)
    if not card.active:
        raise CardInactive
    if card_of(card).is_expired(on):
        raise CardExpired(month=f"{card.exp_month:02d}/{card.exp_year}")
    PaymentMethod.objects.filter(contact=contact_id, is_default=True).update(is_default=False)
    PaymentMethod.objects.filter(pk=payment_method_id).update(is_default=True)
    record_event(
        name="card.made_default",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={"payment_method_id": payment_method_id, "number": str(card), "card": str(card)},
    )
