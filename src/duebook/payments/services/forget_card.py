"""Ask the gateway to forget a token that is charged no more."""

from django.db import transaction

from duebook.gateways.accounts import gateway_of
from duebook.payments.models import PaymentMethod


def forget_card(*, payment_method_id: int, token: str) -> bool:
    """Whether the gateway was asked: not for the token of a card that is in use, perhaps again.

    Must not be called inside a transaction. Raises GatewayError, after which it is to be asked again.
    """
    card = _read(payment_method_id)
    if card.active and card.token == token:
        return False
    gateway_of(card.merchant_account).forget_card(token)
    return True


@transaction.atomic(durable=True)
def _read(payment_method_id: int) -> PaymentMethod:
    return PaymentMethod.objects.select_related("merchant_account").get(pk=payment_method_id)
