"""Deciding what undoing, returning or moving a payment does.

Invariant: what comes off an invoice goes back to the payment, so that the payment's parts still add up; a
reversal leaves every balance as if the payment had never been, on every date of an open period.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_steps import CommissionStep, CounterChange, stepped
from duebook.domain.errors import (
    AboveBalance,
    AdjustmentIsFixed,
    AlreadyReturned,
    AlreadyReversed,
    AmountNotPositive,
    BalanceChanged,
    BeforeOrigin,
    CurrencyMismatch,
    FutureReturn,
    GatewayPaymentFixed,
    InvoiceOfOtherContact,
    InvoicePaid,
    InvoiceTwice,
    InvoiceVoid,
    NotEnoughApplied,
    NotEnoughCredit,
    NotFound,
    PeriodClosed,
    ReasonRequired,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import Movement, OpenInvoice, Share


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A payment as it stands; amounts in minor units."""

    id: int
    number: int
    contact_id: int
    kind: PaymentKind
    currency: str
    amount_minor: int
    allocated_minor: int
    refunded_minor: int
    returned_minor: int
    reversed_minor: int
    received_on: date
    account_id: int
    counts: bool
    from_gateway: bool
    returned_on: date | None = None

    @property
    def label(self) -> str:
        return f"P-{self.number}"

    @property
    def credit_minor(self) -> int:
        used = self.allocated_minor + self.refunded_minor + self.returned_minor + self.reversed_minor
        return self.amount_minor - used


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """One allocation as it was written; a negative amount took something off."""

    invoice_id: int
    minor: int
    counts: bool
    applied_on: date


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One transfer as it was written."""

    id: int
    kind: TransferKind
    debit: int
    credit: int
    minor: int
    effective_on: date
    invoice_id: int | None


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """What an act does to one invoice's balance due."""

    invoice_id: int
    number: int
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A transfer that takes back an earlier one."""

    movement: Movement
    corrects_id: int


@dataclass(frozen=True, slots=True)
class ReversalDecision:
    """Everything that undoing a payment writes."""

    payment: PaymentState
    amount: Money
    credit_gone: Money
    allocations: tuple[AllocationRow, ...]
    mirrored: tuple[Mirrored, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


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


@dataclass(frozen=True, slots=True)
class MoveDecision:
    """Everything that moving a part of a payment between invoices writes."""

    payment: PaymentState
    amount: Money
    allocations: tuple[AllocationRow, ...]
    movements: tuple[Movement, ...]
    balances: tuple[BalanceChange, ...]
    commissions: tuple[CommissionStep, ...] = ()


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


def decide_reversal(
    payment: PaymentState,
    *,
    on: date,
    reason: str,
    allocations: Sequence[AllocationRow],
    transfers: Sequence[TransferRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> ReversalDecision:
    """Undo a payment entered by mistake: each row gets a counter row, dated as the row it undoes while that
    period is open, else ``on``.

    Raises ReasonRequired, GatewayPaymentFixed, AlreadyReversed, AlreadyReturned, PeriodClosed.
    """
    if not reason.strip():
        raise ReasonRequired
    if payment.from_gateway:
        raise GatewayPaymentFixed(number=payment.label)
    _still_here(payment)
    require_open_day(on, closed_until)

    def dated(day: date) -> date:
        return on if closed_until is not None and day <= closed_until else day

    taken_off = tuple(
        AllocationRow(row.invoice_id, -row.minor, row.counts, dated(row.applied_on)) for row in allocations
    )
    mirrored = tuple(
        Mirrored(
            Movement(row.kind, row.credit, row.debit, row.minor, dated(row.effective_on), row.invoice_id),
            row.id,
        )
        for row in transfers
    )
    return ReversalDecision(
        payment=payment,
        amount=Money(payment.amount_minor, payment.currency),
        credit_gone=Money(payment.credit_minor, payment.currency),
        allocations=taken_off,
        mirrored=mirrored,
        balances=_balances(taken_off, invoices),
        commissions=_commissions(taken_off, payment.kind, invoices),
    )


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

    Raises ReasonRequired, AdjustmentIsFixed, AlreadyReversed, AlreadyReturned, FutureReturn, BeforeOrigin,
    PeriodClosed, AmountNotPositive, CurrencyMismatch.
    """
    if not reason.strip():
        raise ReasonRequired
    if payment.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentIsFixed(number=payment.label)
    _still_here(payment)
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
    amount = payment.amount_minor - payment.refunded_minor
    movements = [
        *(_deallocated(row) for row in taken_off),
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
        balances=_balances(taken_off, invoices),
        commissions=_commissions(taken_off, payment.kind, invoices, went_back=True),
    )


def decide_move(
    payment: PaymentState,
    *,
    on: date,
    from_invoice_id: int,
    to_invoice_id: int | None,
    amount: Money,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> MoveDecision:
    """Take a part of a payment off one invoice, dated ``on``, and apply it to another of the same contact, or
    to none: then it is credit on account. What counts for commissions goes on counting.

    Raises AdjustmentIsFixed, AlreadyReversed, AlreadyReturned, AmountNotPositive, NotEnoughApplied,
    PeriodClosed and what applying to the other invoice raises.
    """
    if payment.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentIsFixed(number=payment.label)
    _still_here(payment)
    if amount.minor <= 0:
        raise AmountNotPositive
    if amount.currency != payment.currency:
        raise CurrencyMismatch(given=amount.currency, expected=payment.currency)
    require_open_day(on, closed_until)
    if to_invoice_id == from_invoice_id:
        raise InvoiceTwice(number=invoices[from_invoice_id].label)
    here = [row for row in allocations if row.invoice_id == from_invoice_id]
    applied = Money(sum(row.minor for row in here), payment.currency)
    if amount > applied:
        raise NotEnoughApplied(number=payment.label, applied=applied)
    taken_off = _take_off(here, amount.minor, first_counts=payment.counts, day=on)
    rows = list(taken_off)
    if to_invoice_id is not None:
        target = invoices.get(to_invoice_id)
        check_open(target, Share(to_invoice_id, amount), payment.contact_id)
        rows += [AllocationRow(to_invoice_id, -row.minor, row.counts, row.applied_on) for row in taken_off]
    return MoveDecision(
        payment=payment,
        amount=amount,
        allocations=tuple(rows),
        movements=tuple(_deallocated(row) if row.minor < 0 else allocated(row) for row in rows),
        balances=_balances(rows, invoices),
        commissions=_commissions(rows, payment.kind, invoices),
    )


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
    NotEnoughCredit, PeriodClosed and what applying to an invoice raises.
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
    steps = _commissions(rows, PaymentKind.MONEY, invoices)
    return CreditDecision(total, before, before - total, on, uses, _balances(rows, invoices), steps)


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


def check_open(invoice: OpenInvoice | None, share: Share, contact_id: int) -> OpenInvoice:
    """The invoice, if the share may be applied to it now.

    Raises NotFound, InvoiceOfOtherContact, InvoiceVoid, CurrencyMismatch, InvoicePaid, BalanceChanged,
    AboveBalance.
    """
    if invoice is None:
        raise NotFound(field="invoice", what="Invoice", id=share.invoice_id)
    if invoice.contact_id != contact_id:
        raise InvoiceOfOtherContact(number=invoice.label)
    if invoice.is_void:
        raise InvoiceVoid(number=invoice.label)
    if invoice.currency != share.amount.currency:
        raise CurrencyMismatch(given=share.amount.currency, expected=invoice.currency)
    if share.amount > invoice.balance:
        if not invoice.balance:
            raise InvoicePaid(number=invoice.label)
        if share.balance_seen is not None and share.balance_seen != invoice.balance:
            raise BalanceChanged(number=invoice.label, balance=invoice.balance)
        raise AboveBalance(balance=invoice.balance)
    return invoice


def require_open_day(day: date, closed_until: date | None, *, field: str = "received_on") -> None:
    """Raise PeriodClosed when the day lies in the closed period."""
    if closed_until is not None and day <= closed_until:
        raise PeriodClosed(field=field, closed_until=closed_until)


def allocated(row: AllocationRow) -> Movement:
    """The transfer of a positive allocation row."""
    credit, receivable = int(SystemAccount.CUSTOMER_CREDIT), int(SystemAccount.RECEIVABLE)
    return Movement(TransferKind.ALLOCATED, credit, receivable, row.minor, row.applied_on, row.invoice_id)


def _deallocated(row: AllocationRow) -> Movement:
    credit, receivable = int(SystemAccount.CUSTOMER_CREDIT), int(SystemAccount.RECEIVABLE)
    return Movement(TransferKind.DEALLOCATED, receivable, credit, -row.minor, row.applied_on, row.invoice_id)


def _still_here(payment: PaymentState) -> None:
    if payment.reversed_minor:
        raise AlreadyReversed(number=payment.label)
    if payment.returned_minor:
        raise AlreadyReturned(number=payment.label, date=payment.returned_on)


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


def _take_off(
    rows: Sequence[AllocationRow], minor: int, *, first_counts: bool, day: date
) -> list[AllocationRow]:
    """Negative rows that take the amount off, from the payment's own answer to Apply to Commissions first."""
    taken = []
    for counts in (first_counts, not first_counts):
        net = sum(row.minor for row in rows if row.counts is counts)
        part = min(minor, net)
        if part > 0:
            taken.append(AllocationRow(rows[0].invoice_id, -part, counts, day))
            minor -= part
    return taken


def _commissions(
    rows: Iterable[AllocationRow],
    kind: PaymentKind,
    invoices: Mapping[int, OpenInvoice],
    *,
    went_back: bool = False,
) -> tuple[CommissionStep, ...]:
    """The commission steps of each invoice, all rows of the act together, dated as the newest of them."""
    changes: dict[int, tuple[CounterChange, date]] = {}
    for row in rows:
        change = CounterChange.allocated(row.minor, counts=row.counts, is_money=kind is PaymentKind.MONEY)
        if went_back:
            change += CounterChange(back=-row.minor)
        sofar, day = changes.get(row.invoice_id, (CounterChange(), row.applied_on))
        changes[row.invoice_id] = (sofar + change, max(day, row.applied_on))
    return tuple(
        step
        for invoice_id, (change, day) in sorted(changes.items())
        for step in invoices[invoice_id].steps(change, day)
    )


def run_back(decision: ReversalDecision, invoices: Mapping[int, OpenInvoice]) -> None:
    """Bring the invoices to the state after the undoing, for what is decided in the payment's place."""
    is_money = decision.payment.kind is PaymentKind.MONEY
    for row in decision.allocations:
        if row.invoice_id in invoices:
            change = CounterChange.allocated(row.minor, counts=row.counts, is_money=is_money)
            invoices[row.invoice_id].run_on(change)
    for invoice in invoices.values():
        steps = [step for step in decision.commissions if step.invoice_id == invoice.id]
        if steps:
            invoice.accruals = tuple(stepped(step) for step in steps)


def _balances(
    rows: Iterable[AllocationRow], invoices: Mapping[int, OpenInvoice]
) -> tuple[BalanceChange, ...]:
    changes: dict[int, int] = {}
    for row in rows:
        changes[row.invoice_id] = changes.get(row.invoice_id, 0) + row.minor
    return tuple(
        BalanceChange(
            invoice_id,
            invoices[invoice_id].number,
            invoices[invoice_id].balance,
            invoices[invoice_id].balance - Money(minor, invoices[invoice_id].currency),
        )
        for invoice_id, minor in sorted(changes.items())
        if minor
    )
