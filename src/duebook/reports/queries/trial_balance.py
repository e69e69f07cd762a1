"""The balance of every account on a day; debits and credits of a currency add up to the same."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from duebook.ledger.models import Account, Transfer


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What went in and out of an account in one currency; minor units."""

    account: Account
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        """Debits less credits."""
        return self.debit_minor - self.credit_minor

    @property
    def credit_balance_minor(self) -> int:
        return -self.balance_minor


def trial_balance(as_of: date) -> dict[str, list[AccountBalance]]:
    """By currency, the accounts that moved until the day, by code."""
    accounts = Account.objects.in_bulk()
    until = Transfer.objects.filter(effective_on__lte=as_of).order_by()
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for side, field in enumerate(("debit_account_id", "credit_account_id")):
        rows = until.values_list("currency", field).annotate(Sum("amount_minor"))
        for currency, account_id, minor in rows:
            sums[currency, account_id][side] = int(minor)
    balances: dict[str, list[AccountBalance]] = defaultdict(list)
    for (currency, account_id), (debit, credit) in sums.items():
        balances[currency].append(AccountBalance(accounts[account_id], debit, credit))
    return {
        currency: sorted(balances[currency], key=lambda row: row.account.code)
        for currency in sorted(balances)
    }
