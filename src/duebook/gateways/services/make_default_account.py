"""Make a merchant account the one that charges unless another is chosen."""

from django.db import transaction

from duebook.domain.errors import DefaultInactive, NotFound
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.default_account import give_default, lock_all_accounts
from duebook.gateways.models import MerchantAccount


@transaction.atomic
def make_default_account(*, merchant_account_id: int, request_key: str, actor: Actor) -> MerchantAccount:
    """Take the default from the account that has it, and give it to this one.

    Locks all merchant accounts. Records ``merchant_account.made_default``.
    Raises NotFound, Forbidden, DefaultInactive, KeyReused.
    """
    accounts = lock_all_accounts()
    account = accounts.get(merchant_account_id)
    if account is None:
        raise NotFound(what="Merchant account", id=merchant_account_id)
    hashed = input_hash(["default merchant account", merchant_account_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return account
    actor.require(Right.CHANGE_SETTINGS)
    if not account.active:
        raise DefaultInactive(name=account)
    before = next((row.pk for row in accounts.values() if row.is_default), None)
    give_default(account)
    record_event(
        name="merchant_account.made_default",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "merchant_account_id": account.pk,
            "number": account.name,
            "instead_of_id": before if before != account.pk else None,
        },
    )
    return account
