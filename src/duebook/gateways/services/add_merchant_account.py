"""Add a merchant account whose connection works."""

from django.db import transaction
from django.utils import timezone

from duebook.domain.accounts import AccountKind
from duebook.domain.errors import NameTaken, ProcessorAccountAdded, SecretRequired
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.connection import ask_whose, note_connection
from duebook.gateways.models import MerchantAccount
from duebook.ledger.services.open_account import open_account

CARD_CLEARING_CODE = "1020"
"""The accounts of the merchant accounts follow the one of card payments taken elsewhere."""


def add_merchant_account(
    *,
    details: MerchantAccountDetails,
    adapter: MerchantAccount.Adapters,
    request_key: str,
    actor: Actor,
) -> MerchantAccount:
    """Test the connection, then add the account with a card clearing account of its own.

    The first active account becomes the default. Neither the event nor its hash knows the secrets. Calls the
    processor, so it may not run inside a transaction. Records ``merchant_account.added``.
    Raises Forbidden, NameRequired, NameTaken, SecretRequired, SecretMalformed, AddressOnlyForSandbox,
    AddressMalformed, TooManySigningSecrets, SecretRefused, ProcessorNotReached, ProcessorAccountAdded,
    KeyReused.
    """
    hashed = input_hash(["add merchant account", adapter, details.known()])
    if (added := _added_before(actor, request_key, hashed)) is not None:
        return added
    actor.require(Right.CHANGE_SETTINGS)
    try:
        details.check(adapter, other_than=0)
    except NameTaken:
        # The same request, sent at the same time, may have been faster.
        if (added := _added_before(actor, request_key, hashed)) is not None:
            return added
        raise
    if not details.secret.strip():
        raise SecretRequired
    account = MerchantAccount(
        adapter=adapter.value,
        sealed_secret=details.sealed_secret(),
        sealed_webhook_secrets=details.sealed_webhook_secrets([]),
        active=details.active,
        **details.columns(),
    )
    note_connection(account, ask_whose(account))
    account.checked_at = timezone.now()
    return _save(account, request_key=request_key, hashed=hashed, actor=actor)


def _added_before(actor: Actor, request_key: str, hashed: str) -> MerchantAccount | None:
    """The account that this very request has added, if it has."""
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is None:
        return None
    return MerchantAccount.objects.get(pk=earlier.payload["merchant_account_id"])


@transaction.atomic(durable=True)
def _save(account: MerchantAccount, *, request_key: str, hashed: str, actor: Actor) -> MerchantAccount:
    take_turn("gateways.add_merchant_account")
    if (added := _added_before(actor, request_key, hashed)) is not None:
        return added
    _refuse_twice(account)
    account.is_default = account.active and not MerchantAccount.objects.filter(active=True).exists()
    account.clearing_account = open_account(
        name=account.clearing_name(), kind=AccountKind.ASSET, after=CARD_CLEARING_CODE
    )
    account.save(force_insert=True)
    record_event(
        name="merchant_account.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "merchant_account_id": account.pk,
            "number": account.name,
            "adapter": account.adapter,
            "live": account.live,
            "is_default": account.is_default,
            "clearing_account_id": account.clearing_account_id,
        },
    )
    return account


def _refuse_twice(account: MerchantAccount) -> None:
    """What the processor pays out is imported for each account; one that is not told apart is not refused."""
    same = MerchantAccount.objects.filter(
        adapter=account.adapter,
        base_url=account.base_url,
        gateway_account_id=account.gateway_account_id,
        live=account.live,
    )
    if account.gateway_account_id and (known := same.first()) is not None:
        raise ProcessorAccountAdded(name=known.name)
