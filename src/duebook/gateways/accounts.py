"""From a merchant account's row to the adapter that speaks with its processor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, Protocol, cast

from cryptography.fernet import InvalidToken
from django.db.models import Q, QuerySet

from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Credentials, Gateway, Guarantees, Sealed
from duebook.staff.sealing import unseal

PURPOSE = "duebook merchant accounts"
"""What the secrets of merchant accounts are sealed for."""

STILL_TELLS = timedelta(days=180)
"""So long after its last event an account out of use is asked: its charges may still be disputed."""


class Adapter(Protocol):
    """Makes the gateway of an account from its secrets; what the processor guarantees needs none of them."""

    guarantees: Guarantees

    def __call__(self, credentials: Credentials, /) -> Gateway:
        """The gateway of the account with these secrets."""


@dataclass(frozen=True, slots=True)
class _SealedGateway:
    """Stands in for a gateway whose secrets no key opens: each call of it raises Sealed."""

    guarantees: Guarantees

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        return _refuse


NO_KEY = "No key of this server opens the account's secrets: enter them again."


def _refuse(*_given: object, **_named: object) -> NoReturn:
    raise Sealed(NO_KEY)


def credentials_of(account: MerchantAccount) -> Credentials:
    """The account's secrets, opened. Raises InvalidToken when the key that sealed them is gone."""
    return Credentials(
        secret=unseal(account.sealed_secret, purpose=PURPOSE),
        public_key=account.public_key,
        webhook_secrets=tuple(unseal(one, purpose=PURPOSE) for one in account.sealed_webhook_secrets),
        base_url=account.base_url,
    )


def gateway_of(account: MerchantAccount) -> Gateway:
    """The adapter for the account; where no key opens the account's secrets, its calls raise Sealed."""
    adapter = adapter_for(MerchantAccount.Adapters(account.adapter))
    try:
        return adapter(credentials_of(account))
    except InvalidToken:
        return cast(Gateway, _SealedGateway(adapter.guarantees))


def accounts_that_tell(now: datetime) -> QuerySet[MerchantAccount]:
    """The accounts in use, and those out of use to whose charges something may still happen, oldest first.

    What was charged is refunded, disputed and paid out long after an account went out of use.
    """
    still_tells = Q(last_event_at__gt=now - STILL_TELLS)
    return MerchantAccount.objects.filter(Q(active=True) | still_tells).order_by("pk")


def guarantees_of(account: MerchantAccount) -> Guarantees:
    """What the account's processor guarantees to all its accounts."""
    return adapter_for(MerchantAccount.Adapters(account.adapter)).guarantees


def adapter_for(kind: MerchantAccount.Adapters) -> Adapter:
    """The class of the adapter; imported when it is needed, so that a business loads only what it uses."""
    return _ADAPTERS[kind]()


def _sandbox() -> Adapter:
    from duebook.gateways.sandbox.adapter import SandboxGateway

    return SandboxGateway


def _stripe() -> Adapter:
    from duebook.gateways.stripe.adapter import StripeGateway

    return StripeGateway


_ADAPTERS: Mapping[MerchantAccount.Adapters, Callable[[], Adapter]] = {
    MerchantAccount.Adapters.SANDBOX: _sandbox,
    MerchantAccount.Adapters.STRIPE: _stripe,
}
