"""The accounts that Duebook itself posts to.

Their ids are fixed and seeded by a migration, so that a decision can name an account without a look-up.
A business's own accounts have ids from 1000.
"""

from enum import IntEnum, StrEnum

FIRST_OWN_ACCOUNT_ID = 1000


class AccountKind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class SystemAccount(IntEnum):
    BANK = 1
    UNDEPOSITED_FUNDS = 2
    CARD_CLEARING = 3
    RECEIVABLE = 4
    CUSTOMER_CREDIT = 5
    TAX_PAYABLE = 6
    PARTNER_PAYABLE = 7
    SALES = 8
    DISCOUNTS = 9
    SHIPPING_INCOME = 10
    FINANCE_INCOME = 11
    OTHER_INCOME = 12
    ALLOWANCES = 13
    BAD_DEBTS = 14
    BANK_FEES = 15
    PROCESSOR_FEES = 16
    COMMISSION_EXPENSE = 17


class TransferKind(StrEnum):
    """What a transfer books; a mirrored transfer keeps its kind and names the one it corrects."""

    INVOICE_ISSUED = "invoice_issued"
    ORDER_CHANGED = "order_changed"
    INVOICE_VOIDED = "invoice_voided"
    PAYMENT_RECEIVED = "payment_received"
    ADJUSTMENT = "adjustment"
    ALLOCATED = "allocated"
    DEALLOCATED = "deallocated"
    RETURNED = "returned"
    REFUNDED = "refunded"
    BANK_FEE = "bank_fee"
    PROCESSOR_FEE = "processor_fee"
    SETTLED = "settled"
    COMMISSION_EARNED = "commission_earned"
    COMMISSION_CLAWED_BACK = "commission_clawed_back"
    COMMISSION_PAID = "commission_paid"


COMMISSION_KINDS = (
    TransferKind.COMMISSION_EARNED,
    TransferKind.COMMISSION_CLAWED_BACK,
    TransferKind.COMMISSION_PAID,
)
