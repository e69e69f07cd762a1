"""The accounts that every business starts with. Their ids are those of ``SystemAccount``."""

from typing import Any

from duebook.domain.accounts import AccountKind, SystemAccount

ACCOUNTS = [
    (SystemAccount.BANK, "1000", "Bank", AccountKind.ASSET),
    (SystemAccount.UNDEPOSITED_FUNDS, "1010", "Undeposited funds", AccountKind.ASSET),
    (SystemAccount.CARD_CLEARING, "1020", "Card clearing", AccountKind.ASSET),
    (SystemAccount.RECEIVABLE, "1100", "Receivable", AccountKind.ASSET),
    (SystemAccount.CUSTOMER_CREDIT, "2000", "Customer credit", AccountKind.LIABILITY),
    (SystemAccount.TAX_PAYABLE, "2100", "Tax payable", AccountKind.LIABILITY),
    (SystemAccount.PARTNER_PAYABLE, "2200", "Partner payable", AccountKind.LIABILITY),
    (SystemAccount.SALES, "4000", "Sales", AccountKind.INCOME),
    (SystemAccount.DISCOUNTS, "4010", "Discounts", AccountKind.INCOME),
    (SystemAccount.SHIPPING_INCOME, "4100", "Shipping income", AccountKind.INCOME),
    (SystemAccount.FINANCE_INCOME, "4200", "Finance income", AccountKind.INCOME),
    (SystemAccount.OTHER_INCOME, "4300", "Other income", AccountKind.INCOME),
    (SystemAccount.ALLOWANCES, "4900", "Allowances", AccountKind.INCOME),
    (SystemAccount.BAD_DEBTS, "6000", "Bad debts", AccountKind.EXPENSE),
    (SystemAccount.BANK_FEES, "6100", "Bank fees", AccountKind.EXPENSE),
    (SystemAccount.PROCESSOR_FEES, "6110", "Processor fees", AccountKind.EXPENSE),
    (
        SystemAccount.COMMISSION_EXPENSE,
        "6200",
        "Commission expense",
        AccountKind.EXPENSE,
    ),
]


def seed_accounts(model: Any) -> None:
    """Create what is missing; ``model`` is the Account class of the caller (a migration's or today's)."""
    model.objects.bulk_create(
        [model(id=int(a), code=code, name=name, kind=kind.value) for a, code, name, kind in ACCOUNTS],
        ignore_conflicts=True,
    )
