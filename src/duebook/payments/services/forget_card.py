"""Ask the gateway to forget a token that is charged no more."""

from django.db import transaction
from django.db.models.functions import Now

from duebook.gateways.accounts import gateway_of
from duebook.payments.card_reading import lock_card
from duebook.payments.models import PaymentMethod


def forget_card(*, payment_method_id: int, token: str) -> bool:
    """Whether the gateway was asked: not for the token of a card that is in use, perhaps again.

    That it is told is noted before it is, so that nobody takes the card back into use meanwhile. Locks the
    card. Must not be called inside a transaction. Raises NotFound, GatewayError, after which it is to be
    asked again.
    """
    card = _note(payment_method_id, token)
    if card.active and card.token == token:
        return False
    gateway_of(card.merchant_account).forget_card(token)
    return True


@transaction.atomic(durable=True)
def _note(payment_method_id: int, token: str) -> PaymentMethod:
    card = lock_card(payment_method_id)
    unforgotten = PaymentMethod.objects.filter(pk=card.pk, token=token, active=False, forgotten_at=None)
    unforgotten.update(forgotten_at=Now())
    return card
