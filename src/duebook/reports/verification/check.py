"""What a check of the books is: a rule, and one query that finds every row that breaks it.

A check is written in SQL on purpose, apart from the code that writes the rows, and it is one statement: it
sees one moment of a database that others are writing to. It reads whole tables and returns only what differs,
so a million invoices cost seconds, and memory stays flat.
"""

from dataclasses import dataclass
from typing import Any

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.payment_kinds import PaymentKind

PARAMETERS: dict[str, Any] = {
    "bank": int(SystemAccount.BANK),
    "bank_fees": int(SystemAccount.BANK_FEES),
    "commission_expense": int(SystemAccount.COMMISSION_EXPENSE),
    "processor_fees": int(SystemAccount.PROCESSOR_FEES),
    "receivable": int(SystemAccount.RECEIVABLE),
    "customer_credit": int(SystemAccount.CUSTOMER_CREDIT),
    "sales": int(SystemAccount.SALES),
    "tax_payable": int(SystemAccount.TAX_PAYABLE),
    "partner_payable": int(SystemAccount.PARTNER_PAYABLE),
    "shipping_income": int(SystemAccount.SHIPPING_INCOME),
    "finance_income": int(SystemAccount.FINANCE_INCOME),
    "other_income": int(SystemAccount.OTHER_INCOME),
    "discounts": int(SystemAccount.DISCOUNTS),
    "adjustment": PaymentKind.ADJUSTMENT.value,
    "transfer_kinds": [kind.value for kind in TransferKind],
}
"""What a check's SQL may name; amounts in it are minor units."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of the books; the query selects what breaks it, what was expected and what was found."""

    name: str
    rule: str
    query: str
