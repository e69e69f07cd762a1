"""From a merchant account's row to the adapter that speaks with its processor."""

from collections.abc import Callable, Mapping

from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Credentials, Gateway
from duebook.staff.sealing import unseal

PURPOSE = "duebook merchant accounts"
"""What the secrets of merchant accounts are sealed for."""


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


def adapter_for(kind: MerchantAccount.Adapters) -> Callable[[Credentials], Gateway]:
    """The class of the adapter; imported when it is needed, so that a business loads only what it uses."""
    return _ADAPTERS[kind]()


def _sandbox() -> Callable[[Credentials], Gateway]:
    from duebook.gateways.sandbox.adapter import SandboxGateway

    return SandboxGateway


def _stripe() -> Callable[[Credentials], Gateway]:
    from duebook.gateways.stripe.adapter import StripeGateway

    return StripeGateway


_ADAPTERS: Mapping[MerchantAccount.Adapters, Callable[[], Callable[[Credentials], Gateway]]] = {
    MerchantAccount.Adapters.SANDBOX: _sandbox,
    MerchantAccount.Adapters.STRIPE: _stripe,
}
