"""Give an account of the business's own another name in the books."""

from duebook.domain.accounts import FIRST_OWN_ACCOUNT_ID
from duebook.ledger.models import Account


def rename_account(*, account_id: int, old: str, new: str) -> None:
    """Rename it where it still has the old name, in the caller's transaction. Duebook's own keep theirs."""
    Account.objects.filter(pk=account_id, pk__gte=FIRST_OWN_ACCOUNT_ID, name=old).update(name=new)
