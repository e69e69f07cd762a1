"""The merchant account that new work goes to."""

from duebook.domain.errors import NoMerchantAccount
from duebook.gateways.models import MerchantAccount


def account_in_use(merchant_account_id: int | None) -> MerchantAccount:
    """The active account of that id, or the default one. Raises NoMerchantAccount."""
    accounts = MerchantAccount.objects.filter(active=True)
    chosen = (
        accounts.filter(is_default=True)
        if merchant_account_id is None
        else accounts.filter(pk=merchant_account_id)
    )
    account = chosen.first()
    if account is None:
        raise NoMerchantAccount
    return account
