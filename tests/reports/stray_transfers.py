"""A transfer that no service would write."""

from typing import Any

from duebook.domain.accounts import SystemAccount
from duebook.ledger.models import Transfer
from duebook.reports.services.verify_books import Finding, verify_books
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


def findings_besides_its_kind() -> list[Finding]:
    """What verify finds but for the kind of such a transfer, which no other has."""
    return [finding for finding in verify_books() if finding.check != "transfer_accounts"]
