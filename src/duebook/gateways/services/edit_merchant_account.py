"""Edit a merchant account; its card processor and its account there never change."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from duebook.domain.errors import DefaultNotFitting
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.connection import ask_whose, note_connection
from duebook.gateways.default_account import give_default, lock_all_accounts
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenAccount
from duebook.ledger.services.rename_account import rename_account


def edit_merchant_account(
    *,
    merchant_account_id: int,
    details: MerchantAccountDetails,
    next_default_id: int | None,
    request_key: str,
    actor: Actor,
) -> MerchantAccount:
    """Replace the details, and secrets that were typed anew; or put the account out of use.

    A new secret or address is tested first, outside any transaction, and must lead to the same account at the
    processor. Where the default is put out of use, ``next_default_id`` becomes the default, or none does. The
    first account that is put into use becomes it. Neither the event nor its hash knows the secrets. Locks all
    merchant accounts. Records ``merchant_account.edited`` with what changed.
    Raises NotFound, Forbidden, NameRequired, NameTaken, SecretMalformed, AddressOnlyForSandbox,
    AddressMalformed, TooManySigningSecrets, SecretUnreadable, SecretRefused, ProcessorNotReached,
    OtherProcessorAccount, DefaultNotFitting, KeyReused.
    """
    account = row_by_id(MerchantAccount.objects, merchant_account_id, "Merchant account")
    hashed = input_hash(["edit merchant account", merchant_account_id, details.known(), next_default_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return account
    actor.require(Right.CHANGE_SETTINGS)
    details.check(MerchantAccount.Adapters(account.adapter), other_than=merchant_account_id)
    seen = _seen_anew(account, details)
    return _save(
        merchant_account_id,
        details,
        seen,
        next_default_id=next_default_id,
        request_key=request_key,
        hashed=hashed,
        actor=actor,
    )


def _seen_anew(account: MerchantAccount, details: MerchantAccountDetails) -> SeenAccount | None:
    """What the processor says of a new secret or address; None where both stay."""
    new_secret = details.sealed_secret()
    new_address = details.columns()["base_url"]
    if not new_secret and new_address == account.base_url:
        return None
    tested = MerchantAccount(
        adapter=account.adapter,
        sealed_secret=new_secret or account.sealed_secret,
        base_url=new_address,
    )
    return ask_whose(tested)


@transaction.atomic(durable=True)
def _save(
    merchant_account_id: int,
    details: MerchantAccountDetails,
    seen: SeenAccount | None,
    *,
    next_default_id: int | None,
    request_key: str,
    hashed: str,
    actor: Actor,
) -> MerchantAccount:
    accounts = lock_all_accounts()
    account = accounts[merchant_account_id]
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return account
    old_clearing_name = account.clearing_name()
    before, after = _apply(account, details)
    changed = [*after, *_apply_secrets(account, details)]
    if seen is not None:
        changed += note_connection(account, seen)
        account.checked_at = timezone.now()
    next_default = _next_default(account, accounts, next_default_id, is_new_in_use=bool(after.get("active")))
    if account.is_default and not account.active:
        account.is_default = False
        changed.append("is_default")
    if changed:
        account.save(update_fields=changed)
    if next_default is not None:
        give_default(next_default)
    if account.clearing_name() != old_clearing_name:
        rename_account(
            account_id=account.clearing_account_id, old=old_clearing_name, new=account.clearing_name()
        )
    record_event(
        name="merchant_account.edited",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "merchant_account_id": account.pk,
            "number": account.name,
            "before": before,
            "after": after,
            "secret_replaced": "sealed_secret" in changed,
            "signing_secrets": len(account.sealed_webhook_secrets),
            "next_default_id": next_default.pk if next_default else None,
        },
    )
    return account


def _apply(
    account: MerchantAccount, details: MerchantAccountDetails
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set on the row what is no secret, and return what changed: before and after."""
    new: dict[str, Any] = {**details.columns(), "active": details.active}
    before = {name: getattr(account, name) for name in new if getattr(account, name) != new[name]}
    after = {name: new[name] for name in before}
    for name, value in after.items():
        setattr(account, name, value)
    return before, after


def _apply_secrets(account: MerchantAccount, details: MerchantAccountDetails) -> list[str]:
    """Set on the row the secrets that change, and return the fields to save."""
    changed = []
    if sealed := details.sealed_secret():
        account.sealed_secret = sealed
        changed.append("sealed_secret")
    signing = details.sealed_webhook_secrets(account.sealed_webhook_secrets)
    if signing != account.sealed_webhook_secrets:
        account.sealed_webhook_secrets = signing
        changed.append("sealed_webhook_secrets")
    return changed


def _next_default(
    account: MerchantAccount,
    accounts: dict[int, MerchantAccount],
    next_default_id: int | None,
    *,
    is_new_in_use: bool,
) -> MerchantAccount | None:
    """Who gets the default by this edit; None where it stays, or goes to nobody. Raises DefaultNotFitting."""
    others = [row for row in accounts.values() if row.active and row.pk != account.pk]
    if account.active:
        return account if is_new_in_use and not others else None
    if not account.is_default or next_default_id is None:
        return None
    chosen = next((row for row in others if row.pk == next_default_id), None)
    if chosen is None:
        raise DefaultNotFitting
    return chosen
