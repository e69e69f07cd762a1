"""From a merchant account's row to the adapter that speaks with its processor."""

from collections.abc import Callable, Mapping
from typing import Protocol

from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Credentials, Gateway, Guarantees
from duebook.staff.sealing import unseal

PURPOSE = "duebook merchant accounts"
"""What the secrets of merchant accounts are sealed for."""


class Adapter(Protocol):
    """Makes the gateway of an account from its secrets; what the processor guarantees needs none of them."""

    guarantees: Guarantees

    def __call__(self, credentials: Credentials, /) -> Gateway:
        """The gateway of the account with these secrets."""


def credentials_of(account: MerchantAccount) -> Credentials:
    """The account's secrets, opened. Raises InvalidToken when the key that sealed them is gone."""
    return Credentials(
        secret=unseal(account.sealed_secret, purpose=PURPOSE),
        public_key=account.public_key,
        webhook_secrets=tuple(unseal(one, purpose=PURPOSE) for one in account.sealed_webhook_secrets),
        base_url=account.base_url,
    )


def gateway_of(account: MerchantAccount) -> Gateway:
    """The adapter for the account."""
    return adapter_for(MerchantAccount.Adapters(account.adapter))(credentials_of(account))


def active_accounts() -> list[MerchantAccount]:
    """The accounts in use, the oldest first."""
    return list(MerchantAccount.objects.filter(active=True).order_by("pk"))


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
