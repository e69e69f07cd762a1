"""Test the connection of a merchant account."""

from django.db import transaction
from django.utils import timezone

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.gateways.connection import ask_whose, note_connection
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenAccount


def check_merchant_account(*, merchant_account_id: int, request_key: str, actor: Actor) -> MerchantAccount:
    """Ask the card processor whether the secret works, and keep what it says of the account.

    Calls the processor, so it may not run inside a transaction; then locks the account. A test that failed
    leaves no trace. Records ``merchant_account.checked``.
    Raises NotFound, Forbidden, SecretUnreadable, SecretRefused, ProcessorNotReached, OtherProcessorAccount,
    KeyReused.
    """
    account = row_by_id(MerchantAccount.objects, merchant_account_id, "Merchant account")
    hashed = input_hash(["check merchant account", merchant_account_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return account
    actor.require(Right.CHANGE_SETTINGS)
    seen = ask_whose(account)
    return _save(merchant_account_id, seen, request_key=request_key, hashed=hashed, actor=actor)


@transaction.atomic(durable=True)
def _save(
    merchant_account_id: int, seen: SeenAccount, *, request_key: str, hashed: str, actor: Actor
) -> MerchantAccount:
    account = MerchantAccount.objects.select_for_update(no_key=True, of=("self",)).get(pk=merchant_account_id)
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return account
    changed = note_connection(account, seen)
    account.checked_at = timezone.now()
    account.save(update_fields=changed)
    record_event(
        name="merchant_account.checked",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "merchant_account_id": account.pk,
            "number": account.name,
            "live": account.live,
            "gateway_account_id": account.gateway_account_id,
            "currencies": account.currencies,
        },
    )
    return account
