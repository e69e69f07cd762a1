"""Deciding what applying a contact's credit on account does.

Invariant: no payment's credit is used twice, and the oldest is used first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.errors import AmountNotPositive, CurrencyMismatch, InvoiceTwice, NotEnoughCredit
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    balances_after,
    check_open,
    commissions_after,
    require_open_day,
)
from duebook.domain.recording import OpenInvoice, Share


@dataclass(frozen=True, slots=True)
class CreditUse:
    """A part of one payment's credit applied to one invoice."""

    payment_id: int
    invoice_id: int
    minor: int


@dataclass(frozen=True, slots=True)
class CreditDecision:
    """Everything that applying credit on account writes."""

    amount: Money
    credit_before: Money
    credit_after: Money
    applied_on: date
    uses: tuple[CreditUse, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


def decide_credit(
    shares: Sequence[Share],
    *,
    on: date,
    contact_id: int,
    currency: str,
    counts: bool,
    sources: Sequence[tuple[int, int]],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> CreditDecision:
    """Apply credit on account to invoices, dated ``on``; the oldest payment's credit is used first.

    ``sources`` are (payment id, credit in minor units) in that order. Raises AmountNotPositive,
    NotEnoughCredit, CurrencyMismatch, InvoiceTwice, PeriodClosed and what ``check_open`` raises.
    """
    require_open_day(on, closed_until)
    seen: set[int] = set()
    for share in shares:
        if share.amount.minor <= 0:
            raise AmountNotPositive
        invoice = check_open(invoices.get(share.invoice_id), share, contact_id)
        if invoice.currency != currency:
            raise CurrencyMismatch(given=currency, expected=invoice.currency)
        if invoice.id in seen:
            raise InvoiceTwice(number=invoice.label)
        seen.add(invoice.id)
    total = Money(sum(share.amount.minor for share in shares), currency)
    before = Money(sum(minor for _, minor in sources), currency)
    if not shares:
        raise AmountNotPositive
    if total > before:
        raise NotEnoughCredit(credit=before)
    uses = tuple(_use_oldest_first(shares, sources))
    rows = [AllocationRow(use.invoice_id, use.minor, counts=counts, applied_on=on) for use in uses]
    steps = commissions_after(rows, PaymentKind.MONEY, invoices)
    return CreditDecision(total, before, before - total, on, uses, balances_after(rows, invoices), steps)


def _use_oldest_first(shares: Sequence[Share], sources: Sequence[tuple[int, int]]) -> Iterable[CreditUse]:
    left = [[payment_id, minor] for payment_id, minor in sources]
    for share in shares:
        wanted = share.amount.minor
        for entry in left:
            part = min(wanted, entry[1])
            if part:
                entry[1] -= part
                wanted -= part
                yield CreditUse(entry[0], share.invoice_id, part)
