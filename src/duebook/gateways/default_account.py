"""Which merchant account charges unless another is chosen: one active account, or none."""

from duebook.gateways.models import MerchantAccount


def lock_all_accounts() -> dict[int, MerchantAccount]:
    """Lock every merchant account: whoever moves the default looks at all of them."""
    rows = MerchantAccount.objects.select_for_update(no_key=True).order_by("pk")
    return {row.pk: row for row in rows}


def give_default(account: MerchantAccount) -> None:
    """Make this one the only default; the caller holds the locks of all accounts."""
    MerchantAccount.objects.filter(is_default=True).exclude(pk=account.pk).update(is_default=False)
    MerchantAccount.objects.filter(pk=account.pk).update(is_default=True)
    account.is_default = True
