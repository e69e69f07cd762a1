"""What recording a payment decides: parts add up, nothing is over-applied, each refusal has its name."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys, TransferKind
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import (
    OpenInvoice,
    PaymentDecision,
    PaymentInput,
    Share,
    Surplus,
    TypeTerms,
    decide_payment,
    run_on,
)

TODAY = date(2026, 11, 23)
CHECK = TypeTerms(1, "Check", PaymentKind.MONEY, int(Sys.UNDEPOSITED_FUNDS), active=True)
WRITE_OFF = TypeTerms(2, "Write-off", PaymentKind.ADJUSTMENT, int(Sys.BAD_DEBTS), active=True)
OLD = TypeTerms(3, "Voucher", PaymentKind.MONEY, 1000, active=False)
CHARGE = TypeTerms(4, "Credit Card (charge now)", PaymentKind.CHARGE_NOW, 3, active=True)
TYPES = {terms.id: terms for terms in (CHECK, WRITE_OFF, OLD, CHARGE)}


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def an_invoice(pk: int = 1, **fields: Any) -> OpenInvoice:
    values: dict[str, Any] = {
        "id": pk,
        "number": 1000 + pk,
        "contact_id": 7,
        "order_id": pk,
        "currency": "USD",
        "total_minor": 10000,
        "applied_minor": 0,
        "issued_on": date(2026, 10, 1),
        "is_void": False,
    }
    return OpenInvoice(**{**values, **fields})


def wanted(amount: int = 4000, shares: tuple[Share, ...] | None = None, **fields: Any) -> PaymentInput:
    values: dict[str, Any] = {"contact_id": 7, "payment_type_id": CHECK.id, "received_on": TODAY, **fields}
    return PaymentInput(
        amount=usd(amount), shares=(Share(1, usd(amount)),) if shares is None else shares, **values
    )


def decide(what: PaymentInput, *invoices: OpenInvoice, closed_until: date | None = None) -> PaymentDecision:
    return decide_payment(
        what,
        on=TODAY,
        types=TYPES,
        invoices={invoice.id: invoice for invoice in invoices or (an_invoice(),)},
        closed_until=closed_until,
    )


def test_a_part_of_the_balance_is_applied_and_booked() -> None:
    decision = decide(wanted(4000))

    (part,) = decision.applied
    assert (part.balance_before, part.amount, part.balance_after) == (usd(10000), usd(4000), usd(6000))
    assert decision.credit == usd(0)
    assert [(m.kind, m.debit, m.credit, m.minor) for m in decision.movements] == [
        (TransferKind.PAYMENT_RECEIVED, Sys.UNDEPOSITED_FUNDS, Sys.CUSTOMER_CREDIT, 4000),
        (TransferKind.ALLOCATED, Sys.CUSTOMER_CREDIT, Sys.RECEIVABLE, 4000),
    ]


def test_a_payment_received_before_the_invoice_is_applied_on_the_invoice_s_day() -> None:
    decision = decide(wanted(received_on=date(2026, 9, 1)))

    assert decision.applied[0].applied_on == date(2026, 10, 1)
    assert [m.effective_on for m in decision.movements] == [date(2026, 9, 1), date(2026, 10, 1)]


def test_a_write_off_lowers_the_balance_without_money() -> None:
    decision = decide(wanted(10000, payment_type_id=WRITE_OFF.id))

    assert decision.movements[0].kind is TransferKind.ADJUSTMENT
    assert decision.movements[0].debit == Sys.BAD_DEBTS
    assert decision.applied[0].balance_after == usd(0)


def test_a_surplus_is_kept_as_credit_when_the_clerk_says_so() -> None:
    decision = decide(wanted(12000, surplus=Surplus.KEEP_AS_CREDIT))

    assert decision.applied[0].amount == usd(10000)
    assert decision.credit == usd(2000)


def test_a_payment_on_account_is_all_credit() -> None:
    decision = decide(wanted(5000, shares=(), surplus=Surplus.KEEP_AS_CREDIT))

    assert decision.applied == ()
    assert decision.credit == usd(5000)
    assert len(decision.movements) == 1


def test_one_check_pays_several_invoices() -> None:
    shares = (Share(1, usd(10000)), Share(2, usd(2500)))

    decision = decide(wanted(12500, shares=shares), an_invoice(1), an_invoice(2))

    assert [part.balance_after.minor for part in decision.applied] == [0, 7500]


@pytest.mark.parametrize(
    ("what", "invoice", "error"),
    [
        (wanted(0), {}, errors.AmountNotPositive),
        (wanted(-5), {}, errors.AmountNotPositive),
        (wanted(10001), {}, errors.AboveBalance),
        (wanted(received_on=date(2026, 11, 24)), {}, errors.FutureDate),
        (wanted(payment_type_id=OLD.id), {}, errors.PaymentTypeInactive),
        (wanted(payment_type_id=CHARGE.id), {}, errors.ChargeNeedsGateway),
        (wanted(payment_type_id=99), {}, errors.NotFound),
        (wanted(), {"contact_id": 8}, errors.InvoiceOfOtherContact),
        (wanted(), {"is_void": True, "total_minor": 0}, errors.InvoiceVoid),
        (wanted(), {"currency": "EUR"}, errors.CurrencyMismatch),
        (wanted(), {"applied_minor": 10000}, errors.InvoicePaid),
        (wanted(5000, shares=(Share(2, usd(5000)),)), {}, errors.NotFound),
        (wanted(5000, shares=(Share(1, usd(4000)),)), {}, errors.SharesBelowAmount),
        (wanted(3000, shares=(Share(1, usd(4000)),)), {}, errors.SharesExceedAmount),
        (wanted(3000, shares=(Share(1, usd(1000)), Share(1, usd(2000)))), {}, errors.InvoiceTwice),
        (wanted(3000, shares=()), {}, errors.SharesBelowAmount),
        (wanted(10001, payment_type_id=WRITE_OFF.id), {}, errors.AdjustmentAboveBalance),
        (
            wanted(10001, payment_type_id=WRITE_OFF.id, surplus=Surplus.KEEP_AS_CREDIT),
            {},
            errors.AdjustmentAboveBalance,
        ),
        (
            wanted(5, payment_type_id=WRITE_OFF.id, shares=(), surplus=Surplus.KEEP_AS_CREDIT),
            {},
            errors.AdjustmentNeedsInvoice,
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    what: PaymentInput, invoice: dict[str, Any], error: type[errors.DomainError]
) -> None:
    with pytest.raises(error):
        decide(what, an_invoice(**invoice))


def test_a_day_of_the_closed_period_is_refused_and_the_next_is_not() -> None:
    closed = date(2026, 10, 31)

    with pytest.raises(errors.PeriodClosed):
        decide(wanted(received_on=closed), closed_until=closed)
    assert decide(wanted(received_on=date(2026, 11, 1)), closed_until=closed).applied


def test_a_balance_that_changed_meanwhile_is_told_from_too_much() -> None:
    seen = (Share(1, usd(10000), balance_seen=usd(10000)),)

    with pytest.raises(errors.BalanceChanged):
        decide(wanted(10000, shares=seen), an_invoice(applied_minor=2500))


@given(
    amounts=st.lists(st.integers(min_value=1, max_value=20000), min_size=1, max_size=12),
    surplus=st.sampled_from(Surplus),
)
def test_a_batch_on_one_invoice_never_applies_more_than_its_total(
    amounts: list[int], surplus: Surplus
) -> None:
    invoice = an_invoice()
    credit = 0

    for amount in amounts:
        try:
            decision = decide(wanted(amount, surplus=surplus), invoice)
        except (errors.AboveBalance, errors.InvoicePaid):
            continue
        run_on(decision, {1: invoice})
        credit += decision.credit.minor
        assert sum(part.amount.minor for part in decision.applied) + decision.credit.minor == amount
        in_and_out = {int(Sys.CUSTOMER_CREDIT): 0}
        for movement in decision.movements:
            in_and_out[movement.credit] = in_and_out.get(movement.credit, 0) + movement.minor
            in_and_out[movement.debit] = in_and_out.get(movement.debit, 0) - movement.minor
        assert in_and_out[int(Sys.CUSTOMER_CREDIT)] == decision.credit.minor

    assert 0 <= invoice.applied_minor <= invoice.total_minor
    if surplus is Surplus.REFUSE:
        assert credit == 0
