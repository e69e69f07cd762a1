"""Accounts of the business's own."""

import pytest

from duebook.domain.accounts import FIRST_OWN_ACCOUNT_ID, AccountKind
from duebook.ledger.models import Account
from duebook.ledger.services.open_account import open_account

pytestmark = pytest.mark.django_db


def opened(name: str = "Card clearing Shop", *, after: str = "1020") -> Account:
    return open_account(name=name, kind=AccountKind.ASSET, after=after)


def test_an_account_gets_the_next_free_code_and_an_id_of_its_own() -> None:
    first, second = opened(), opened("Card clearing Web")

    assert [str(first), str(second)] == ["1021 Card clearing Shop", "1022 Card clearing Web"]
    assert first.pk >= FIRST_OWN_ACCOUNT_ID
    assert (first.kind, first.active) == ("asset", True)


def test_codes_that_are_taken_are_left_out() -> None:
    Account.objects.create(code="1022", name="Petty cash", kind="asset")

    assert [opened().code, opened().code] == ["1021", "1023"]
    assert opened(after="1099").code == "1101"
