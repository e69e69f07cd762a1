"""A transfer that no service would write."""

from typing import Any

from duebook.domain.accounts import SystemAccount
from duebook.ledger.models import Transfer
from tests.factories import day


def a_transfer(**values: Any) -> Transfer:
    return Transfer(
        **{
            "kind": "bank_fee_of_nothing",
            "debit_account_id": int(SystemAccount.BANK_FEES),
            "credit_account_id": int(SystemAccount.BANK),
            "amount_minor": 500,
            "currency": "USD",
            "effective_on": day(),
            **values,
        }
    )
