"""Deciding what recording a payment does: one pure function for the preview and for the save.

Invariant: the parts applied and the part kept as credit always add up to the payment, no invoice is applied
more than its balance due, and what is decided is exactly what is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_release import Counters
from duebook.domain.commission_steps import (
    AccrualState,
    CommissionStep,
    CounterChange,
    after_change,
    commission_steps,
    stepped,
)
from duebook.domain.errors import (
    AboveBalance,
    AdjustmentAboveBalance,
    AdjustmentNeedsInvoice,
    AmountNotPositive,
    BalanceChanged,
    ChargeNeedsGateway,
    CurrencyMismatch,
    FutureDate,
    InvoiceOfOtherContact,
    InvoicePaid,
    InvoiceTwice,
    InvoiceVoid,
    NotFound,
    PaymentTypeInactive,
    PeriodClosed,
    SharesBelowAmount,
    SharesExceedAmount,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind


class Surplus(StrEnum):
    """What happens to the part of a payment that no invoice takes."""

    REFUSE = "refuse"
    KEEP_AS_CREDIT = "keep_as_credit"


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the payment goes to an invoice.

    ``balance_seen`` is the balance due that the person had on the screen; when it is no longer true and the
    amount no longer fits, the answer is "someone else was faster" instead of "too much".
    """

    invoice_id: int
    amount: Money
    balance_seen: Money | None = None


@dataclass(frozen=True, slots=True)
class PaymentInput:
    """What the caller asks for: money received from a contact and how to apply it."""

    contact_id: int
    amount: Money
    payment_type_id: int
    received_on: date
    shares: tuple[Share, ...] = ()
    surplus: Surplus = Surplus.REFUSE
    reference: str = ""
    notes: str = ""
    apply_to_commissions: bool = True


@dataclass(frozen=True, slots=True)
class TypeTerms:
    """What the decision needs of a payment type."""

    id: int
    label: str
    kind: PaymentKind
    account_id: int
    active: bool


@dataclass(slots=True)
class OpenInvoice:
    """An invoice as the decision sees it; ``applied_minor`` runs on while a batch is decided."""

    id: int
    number: int
    contact_id: int
    order_id: int
    currency: str
    total_minor: int
    applied_minor: int
    issued_on: date
    is_void: bool
    finance_minor: int = 0
    counted_minor: int = 0
    uncounted_minor: int = 0
    money_minor: int = 0
    money_back_minor: int = 0
    accruals: tuple[AccrualState, ...] = ()

    @property
    def counters(self) -> Counters:
        return Counters(
            total_minor=self.total_minor,
            finance_minor=self.finance_minor,
            counted_minor=self.counted_minor,
            uncounted_minor=self.uncounted_minor,
            money_minor=self.money_minor,
            money_back_minor=self.money_back_minor,
            dead=self.is_void,
        )

    def steps(self, change: CounterChange, entered_on: date) -> tuple[CommissionStep, ...]:
        """What the change does to the commissions on this invoice."""
        if not self.accruals:
            return ()
        return commission_steps(
            invoice_id=self.id,
            accruals=self.accruals,
            before=self.counters,
            after=after_change(self.counters, change),
            entered_on=entered_on,
        )

    def run_on(self, change: CounterChange) -> None:
        """Add the change to the counters."""
        self.applied_minor += change.applied
        self.counted_minor += change.counted
        self.uncounted_minor += change.uncounted
        self.money_minor += change.money
        self.money_back_minor += change.back

    @property
    def balance(self) -> Money:
        return Money(self.total_minor - self.applied_minor, self.currency)

    @property
    def label(self) -> str:
        return f"INV-{self.number}"


@dataclass(frozen=True, slots=True)
class Applied:
    """One allocation that the decision makes, with the invoice's balance before and after it."""

    invoice_id: int
    number: int
    order_id: int
    amount: Money
    applied_on: date
    balance_before: Money
    balance_after: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer that a decision makes."""

    kind: TransferKind
    debit: int
    credit: int
    minor: int
    effective_on: date
    invoice_id: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentDecision:
    """Everything that recording this payment will write."""

    input: PaymentInput
    type: TypeTerms
    applied: tuple[Applied, ...]
    credit: Money
    movements: tuple[Movement, ...]
    commissions: tuple[CommissionStep, ...] = ()


def decide_payment(
    wanted: PaymentInput,
    *,
    on: date,
    types: Mapping[int, TypeTerms],
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> PaymentDecision:
    """Decide one payment against invoices as they stand; ``on`` is the business's day.

    Does not change the invoices; a batch calls ``run_on`` after each decision.
    Raises NotFound, PaymentTypeInactive, ChargeNeedsGateway, AmountNotPositive, FutureDate, PeriodClosed,
    InvoiceOfOtherContact, InvoiceVoid, InvoiceTwice, InvoicePaid, CurrencyMismatch, BalanceChanged,
    AboveBalance, AdjustmentAboveBalance, AdjustmentNeedsInvoice, SharesExceedAmount or SharesBelowAmount,
    whichever is found first.
    """
    terms = _usable_type(wanted, types)
    if wanted.amount.minor <= 0:
        raise AmountNotPositive
    if wanted.received_on > on:
        raise FutureDate(date=wanted.received_on)
    if closed_until is not None and wanted.received_on <= closed_until:
        raise PeriodClosed(closed_until=closed_until)
    seen: set[int] = set()
    applied = []
    for share in wanted.shares:
        invoice = _open_invoice(share, wanted, invoices)
        if invoice.id in seen:
            raise InvoiceTwice(number=invoice.label)
        seen.add(invoice.id)
        applied.append(_apply(share, wanted, invoice, terms))
    credit = wanted.amount - Money(sum(part.amount.minor for part in applied), wanted.amount.currency)
    _check_surplus(wanted, terms, applied, credit)
    return PaymentDecision(
        wanted,
        terms,
        tuple(applied),
        credit,
        _movements(wanted, terms, applied),
        tuple(step for part in applied for step in _commissions(part, wanted, terms, invoices)),
    )


def run_on(decision: PaymentDecision, invoices: Mapping[int, OpenInvoice]) -> None:
    """Bring the invoices to the state after the decision, for the next one of a batch."""
    for part in decision.applied:
        invoice = invoices[part.invoice_id]
        invoice.run_on(_counter_change(part, decision.input, decision.type))
        if invoice.accruals:
            invoice.accruals = tuple(
                stepped(step) for step in decision.commissions if step.invoice_id == invoice.id
            )


def commission_movement(minor: int, day: date, invoice_id: int) -> Movement:
    """The transfer of a commission earned (positive) or clawed back (negative)."""
    expense, payable = int(SystemAccount.COMMISSION_EXPENSE), int(SystemAccount.PARTNER_PAYABLE)
    if minor > 0:
        return Movement(TransferKind.COMMISSION_EARNED, expense, payable, minor, day, invoice_id)
    return Movement(TransferKind.COMMISSION_CLAWED_BACK, payable, expense, -minor, day, invoice_id)


def _usable_type(wanted: PaymentInput, types: Mapping[int, TypeTerms]) -> TypeTerms:
    terms = types.get(wanted.payment_type_id)
    if terms is None:
        raise NotFound(field="payment_type", what="Payment type", id=wanted.payment_type_id)
    if not terms.active:
        raise PaymentTypeInactive(label=terms.label)
    if terms.kind is PaymentKind.CHARGE_NOW:
        raise ChargeNeedsGateway
    return terms


def _open_invoice(share: Share, wanted: PaymentInput, invoices: Mapping[int, OpenInvoice]) -> OpenInvoice:
    invoice = invoices.get(share.invoice_id)
    if invoice is None:
        raise NotFound(field="invoice", what="Invoice", id=share.invoice_id)
    if invoice.contact_id != wanted.contact_id:
        raise InvoiceOfOtherContact(number=invoice.label)
    if invoice.is_void:
        raise InvoiceVoid(number=invoice.label)
    if invoice.currency != share.amount.currency or wanted.amount.currency != share.amount.currency:
        raise CurrencyMismatch(given=share.amount.currency, expected=invoice.currency)
    if share.amount.minor <= 0:
        raise AmountNotPositive
    return invoice


def _apply(share: Share, wanted: PaymentInput, invoice: OpenInvoice, terms: TypeTerms) -> Applied:
    balance = invoice.balance
    if share.amount > balance:
        if not balance:
            raise InvoicePaid(number=invoice.label)
        if share.balance_seen is not None and share.balance_seen != balance:
            raise BalanceChanged(number=invoice.label, balance=balance)
        if terms.kind is PaymentKind.ADJUSTMENT:
            raise AdjustmentAboveBalance(label=terms.label, balance=balance)
        if wanted.surplus is Surplus.REFUSE or len(wanted.shares) > 1:
            raise AboveBalance(balance=balance)
    amount = min(share.amount, balance)
    return Applied(
        invoice_id=invoice.id,
        number=invoice.number,
        order_id=invoice.order_id,
        amount=amount,
        applied_on=max(wanted.received_on, invoice.issued_on),
        balance_before=balance,
        balance_after=balance - amount,
        total=Money(invoice.total_minor, invoice.currency),
    )


def _check_surplus(wanted: PaymentInput, terms: TypeTerms, applied: Sequence[Applied], credit: Money) -> None:
    if credit.minor < 0:
        raise SharesExceedAmount(total=wanted.amount - credit, amount=wanted.amount)
    if not credit:
        return
    if terms.kind is PaymentKind.ADJUSTMENT:
        raise AdjustmentNeedsInvoice(label=terms.label)
    if wanted.surplus is Surplus.REFUSE:
        raise SharesBelowAmount(rest=credit)


def _counter_change(part: Applied, wanted: PaymentInput, terms: TypeTerms) -> CounterChange:
    return CounterChange.allocated(
        part.amount.minor,
        counts=wanted.apply_to_commissions,
        is_money=terms.kind is PaymentKind.MONEY,
    )


def _commissions(
    part: Applied, wanted: PaymentInput, terms: TypeTerms, invoices: Mapping[int, OpenInvoice]
) -> tuple[CommissionStep, ...]:
    change = _counter_change(part, wanted, terms)
    return invoices[part.invoice_id].steps(change, part.applied_on)


def _movements(wanted: PaymentInput, terms: TypeTerms, applied: Sequence[Applied]) -> tuple[Movement, ...]:
    is_money = terms.kind is PaymentKind.MONEY
    received = Movement(
        kind=TransferKind.PAYMENT_RECEIVED if is_money else TransferKind.ADJUSTMENT,
        debit=terms.account_id,
        credit=int(SystemAccount.CUSTOMER_CREDIT),
        minor=wanted.amount.minor,
        # An adjustment brings nothing before its invoice exists, so it never stands before it in the books.
        effective_on=wanted.received_on
        if is_money
        else max([wanted.received_on, *(p.applied_on for p in applied)]),
    )
    return (
        received,
        *(
            Movement(
                kind=TransferKind.ALLOCATED,
                debit=int(SystemAccount.CUSTOMER_CREDIT),
                credit=int(SystemAccount.RECEIVABLE),
                minor=part.amount.minor,
                effective_on=part.applied_on,
                invoice_id=part.invoice_id,
            )
            for part in applied
        ),
    )
