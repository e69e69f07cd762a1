"""Names of the business's own accounts."""

import pytest

from duebook.domain.accounts import AccountKind, SystemAccount
from duebook.ledger.models import Account
from duebook.ledger.services.open_account import open_account
from duebook.ledger.services.rename_account import rename_account

pytestmark = pytest.mark.django_db


def test_an_account_is_renamed_unless_someone_else_named_it_meanwhile() -> None:
    account = open_account(name="Card clearing Shop", kind=AccountKind.ASSET, after="1020")

    rename_account(account_id=account.pk, old="Card clearing Shop", new="Card clearing Web")
    rename_account(account_id=account.pk, old="Card clearing Shop", new="Lost")

    account.refresh_from_db()
    assert account.name == "Card clearing Web"


def test_duebooks_own_accounts_keep_their_names() -> None:
    rename_account(account_id=SystemAccount.BANK, old="Bank", new="Lost")

    assert Account.objects.get(pk=SystemAccount.BANK).name == "Bank"
