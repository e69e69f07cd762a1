"""The journal in hledger's format: each transfer is a transaction of two postings, so the file balances.

What people typed reaches the file only as description, with the characters that mean something to hledger
taken out. An account is named by its kind, code and name, so that two of one name stay two.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from duebook.domain.accounts import AccountKind
from duebook.domain.money import to_decimal
from duebook.ledger.currencies import exponent
from duebook.ledger.models import Account
from duebook.reports.queries.journal import JournalRow

_TOP_OF: Mapping[str, tuple[str, str]] = {
    AccountKind.ASSET.value: ("Assets", "A"),
    AccountKind.LIABILITY.value: ("Liabilities", "L"),
    AccountKind.EQUITY.value: ("Equity", "E"),
    AccountKind.INCOME.value: ("Income", "R"),
    AccountKind.EXPENSE.value: ("Expenses", "X"),
}
_WIDTH = 44


def account_name(account: Account) -> str:
    """Assets:1000 Bank"""
    return (
        f"{_TOP_OF[account.kind][0]}:{_plain(account.code)} {_plain(account.name).replace(':', '-')}".strip()
    )


def hledger_lines(
    rows: Iterable[JournalRow], *, accounts: Mapping[int, Account], currencies: Iterable[str]
) -> Iterator[str]:
    """The journal, in pieces, as the rows come."""
    names = {pk: account_name(account) for pk, account in accounts.items()}
    yield "; Exported by Duebook\ndecimal-mark .\n\n"
    for currency in currencies:
        yield f"commodity {_amount(1000, currency, whole=True)} {currency}\n"
    yield "\n"
    for pk, account in sorted(accounts.items(), key=lambda pair: pair[1].code):
        yield f"account {names[pk]}  ; type:{_TOP_OF[account.kind][1]}\n"
    for row in rows:
        yield _transaction(row, names)


def _transaction(row: JournalRow, names: Mapping[int, str]) -> str:
    payment = f" (P-{row.payment_number})" if row.payment_number else ""
    description = " | ".join(part for part in (_plain(row.name), row.kind.replace("_", " ")) if part)
    amount = f"{_amount(row.amount_minor, row.currency)} {row.currency}"
    return (
        f"\n{row.day.isoformat()} *{payment} {description}  ; {_tags(row)}\n"
        f"    {names[row.debit_id]:<{_WIDTH}}  {amount:>20}\n"
        f"    {names[row.credit_id]:<{_WIDTH}}  {'-' + amount:>20}\n"
    )


def _tags(row: JournalRow) -> str:
    tags = [
        ("transfer", row.transfer_id),
        ("contact", row.contact_id),
        ("invoice", f"INV-{row.invoice_number}" if row.invoice_number else None),
        ("payment", f"P-{row.payment_number}" if row.payment_number else None),
        ("corrects", row.corrects_id),
    ]
    return ", ".join(f"{name}:{value}" for name, value in tags if value is not None)


def _amount(minor: int, currency: str, *, whole: bool = False) -> str:
    places = exponent(currency)
    text = format(to_decimal(minor * 10**places if whole else minor, places), "f")
    # hledger asks for a decimal mark in a commodity's format, also where nothing follows it.
    return f"{text}." if whole and "." not in text else text


def _plain(text: str) -> str:
    """One line without the signs of comments, virtual postings and notes."""
    return " ".join(re.sub(r"[;|*!()\[\]{}\x00-\x1f\x7f]", " ", text).split())
