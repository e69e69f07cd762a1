"""Deciding what it does that the bank took a payment back: a bounced check, or a chargeback told by letter.

Invariant: nothing of the payment is applied afterwards, and none of it is credit on account.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_steps import CommissionStep
from duebook.domain.errors import (
    AdjustmentIsFixed,
    AlreadyReturned,
    AmountNotPositive,
    BeforeOrigin,
    CurrencyMismatch,
    FutureReturn,
    ReasonRequired,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import (
    AllocationRow,
    BalanceChange,
    PaymentState,
    balances_after,
    commissions_after,
    deallocated,
    require_open_day,
    require_standing,
)
from duebook.domain.recording import Movement, OpenInvoice


@dataclass(frozen=True, slots=True)
class ReturnDecision:
    """Everything that a return writes."""

    payment: PaymentState
    amount: Money
    fee: Money
    returned_on: date
    allocations: tuple[AllocationRow, ...]
    movements: tuple[Movement, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


def decide_return(
    payment: PaymentState,
    *,
    on: date,
    returned_on: date,
    reason: str,
    fee: Money | None,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> ReturnDecision:
    """The bank took the money back on ``returned_on``: the invoices are open again from that day.

    Raises ReasonRequired, AdjustmentIsFixed, AlreadyReversed, AlreadyReturned, AlreadyDisputed,
    AlreadyRefunded, FutureReturn, BeforeOrigin, PeriodClosed, AmountNotPositive, CurrencyMismatch.
    """
    if not reason.strip():
        raise ReasonRequired
    if payment.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentIsFixed(number=payment.label)
    require_standing(payment)
    if payment.returned_on is not None:
        raise AlreadyReturned(number=payment.label, date=payment.returned_on)
    if returned_on > on:
        raise FutureReturn(date=returned_on)
    if returned_on < payment.received_on:
        raise BeforeOrigin(field="returned_on", date=returned_on, earliest=payment.received_on)
    require_open_day(returned_on, closed_until, field="returned_on")
    currency = payment.currency
    charged = fee or Money(0, currency)
    if charged.minor < 0:
        raise AmountNotPositive(field="fee")
    if charged.currency != currency:
        raise CurrencyMismatch(field="fee", given=charged.currency, expected=currency)
    taken_off = tuple(_take_off_all(allocations, returned_on))
    amount = payment.refundable_minor
    movements = [
        *(deallocated(row) for row in taken_off),
        Movement(
            TransferKind.RETURNED, int(SystemAccount.CUSTOMER_CREDIT), payment.account_id, amount, returned_on
        ),
    ]
    if charged:
        bank, fees = int(SystemAccount.BANK), int(SystemAccount.BANK_FEES)
        movements.append(Movement(TransferKind.BANK_FEE, fees, bank, charged.minor, returned_on))
    return ReturnDecision(
        payment=payment,
        amount=Money(amount, currency),
        fee=charged,
        returned_on=returned_on,
        allocations=taken_off,
        movements=tuple(movements),
        balances=balances_after(taken_off, invoices),
        commissions=commissions_after(taken_off, payment.kind, invoices, went_back=True),
    )


def _take_off_all(allocations: Sequence[AllocationRow], day: date) -> Iterable[AllocationRow]:
    """One negative row for each invoice and answer to Apply to Commissions that still has something applied.

    Never dated before what it takes off, so that no balance is below zero on any day.
    """
    nets: dict[tuple[int, bool], tuple[int, date]] = {}
    for row in allocations:
        minor, last = nets.get((row.invoice_id, row.counts), (0, day))
        nets[row.invoice_id, row.counts] = (minor + row.minor, max(last, row.applied_on))
    for (invoice_id, counts), (minor, last) in nets.items():
        if minor:
            yield AllocationRow(invoice_id, -minor, counts, last)
