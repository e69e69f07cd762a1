"""Refunds: credit first, then what was applied last; what is not owed afterwards is credited."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys, TransferKind
from duebook.domain.commission_release import release
from duebook.domain.commission_rules import PartnerRole, PayoutType
from duebook.domain.commission_steps import AccrualState, CounterChange, stepped
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import OpenInvoice, TypeTerms, run_on
from duebook.domain.refunding import RefundDecision, RefundInput, RefundMeans, Rest, decide_refund
from tests.domain.payment_scene import EARLIER, TODAY, a_payment, invoices, usd

TYPES = {
    Rest.CREDIT: TypeTerms(6, "Adjustment", PaymentKind.ADJUSTMENT, int(Sys.ALLOWANCES), active=True),
    Rest.WRITE_OFF: TypeTerms(7, "Write-off", PaymentKind.ADJUSTMENT, int(Sys.BAD_DEBTS), active=True),
}
APPLIED = [
    AllocationRow(1, 3000, counts=True, applied_on=EARLIER),
    AllocationRow(2, 2000, counts=True, applied_on=TODAY),
]


def paid_invoices() -> dict[int, OpenInvoice]:
    found = invoices(applied=3000)
    found[2].applied_minor = 2000
    return found


def refund(payment: PaymentState, minor: int, owes: int = 0, **fields: Any) -> RefundDecision:
    scene = {
        "allocations": fields.pop("allocations", APPLIED),
        "invoices": fields.pop("invoices", None) or paid_invoices(),
        "closed_until": fields.pop("closed_until", None),
    }
    wanted = {
        "amount": Money(minor, payment.currency),
        "refunded_on": TODAY,
        "account_id": int(Sys.BANK),
        "reason": "Not satisfied",
        "owes_afterwards": Money(owes, payment.currency),
    }
    return decide_refund(payment, RefundInput(**(wanted | fields)), on=TODAY, types=TYPES, **scene)


def rows(decision: RefundDecision) -> list[tuple[int, int, date]]:
    return [(row.invoice_id, row.minor, row.applied_on) for row in decision.allocations]


def test_credit_on_account_goes_back_first() -> None:
    decision = refund(a_payment(6000, 5000), 1000)

    assert (decision.credit_used, decision.reopened) == (usd(1000), usd(0))
    assert rows(decision) == []
    assert [(m.kind, m.debit, m.credit, m.minor) for m in decision.movements] == [
        (TransferKind.REFUNDED, Sys.CUSTOMER_CREDIT, Sys.BANK, 1000)
    ]
    assert decision.balances == ()


def test_then_comes_what_was_applied_last() -> None:
    decision = refund(a_payment(6000, 5000), 4000, owes=3000)

    assert rows(decision) == [(2, -2000, TODAY), (1, -1000, TODAY)]
    assert [(b.number, b.before, b.after) for b in decision.balances] == [
        (1002, usd(8000), usd(10000)),
        (1001, usd(7000), usd(8000)),
    ]
    assert decision.adjustment is None


def test_the_chosen_invoice_comes_before_the_newest() -> None:
    decision = refund(a_payment(5000, 5000), 3500, owes=3500, from_invoice_id=1)

    assert rows(decision) == [(1, -3000, TODAY), (2, -500, TODAY)]


def test_nothing_comes_off_before_the_day_on_which_it_was_applied() -> None:
    day = EARLIER + timedelta(days=1)

    decision = refund(a_payment(5000, 5000), 5000, owes=5000, refunded_on=day)

    assert rows(decision) == [(2, -2000, TODAY), (1, -3000, day)]
    assert decision.movements[-1].effective_on == day


def test_what_was_taken_off_before_is_not_taken_off_again() -> None:
    moved = [*APPLIED, AllocationRow(2, -500, counts=True, applied_on=TODAY)]

    decision = refund(a_payment(4500, 4500), 2000, owes=2000, allocations=moved)

    assert rows(decision) == [(2, -1500, TODAY), (1, -500, TODAY)]


def test_without_an_answer_all_that_is_re_opened_is_owed_again() -> None:
    decision = refund(a_payment(5000, 5000), 3000, owes_afterwards=None)

    assert (decision.owes, decision.not_owed, decision.adjustment) == (usd(3000), usd(0), None)


@pytest.mark.parametrize(
    ("rest", "account"), [(Rest.CREDIT, Sys.ALLOWANCES), (Rest.WRITE_OFF, Sys.BAD_DEBTS)]
)
def test_what_is_not_owed_afterwards_is_credited_or_written_off(rest: Rest, account: Sys) -> None:
    decision = refund(a_payment(5000, 5000), 3000, owes=500, rest=rest)

    assert decision.not_owed == usd(2500)
    assert decision.adjustment is not None
    wanted = decision.adjustment.input
    assert (wanted.amount, wanted.apply_to_commissions, wanted.reference) == (usd(2500), False, "P-1")
    assert [(p.invoice_id, p.amount.minor) for p in decision.adjustment.applied] == [(2, 2000), (1, 500)]
    assert [(m.debit, m.credit, m.minor) for m in decision.adjustment.movements] == [
        (account, Sys.CUSTOMER_CREDIT, 2500),
        (Sys.CUSTOMER_CREDIT, Sys.RECEIVABLE, 2000),
        (Sys.CUSTOMER_CREDIT, Sys.RECEIVABLE, 500),
    ]
    assert [(b.number, b.after) for b in decision.balances] == [(1002, usd(8000)), (1001, usd(7500))]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reason": " "}, errors.ReasonRequired),
        ({"means": RefundMeans.GATEWAY}, errors.NotFromGateway),
        ({"refunded_on": TODAY + timedelta(days=1)}, errors.FutureRefund),
        ({"refunded_on": EARLIER - timedelta(days=1)}, errors.BeforeOrigin),
        ({"closed_until": TODAY}, errors.PeriodClosed),
        ({"amount": usd(0)}, errors.AmountNotPositive),
        ({"amount": usd(5001)}, errors.AboveRefundable),
        ({"amount": Money(1, "EUR")}, errors.CurrencyMismatch),
        ({"owes_afterwards": Money(1, "EUR")}, errors.CurrencyMismatch),
        ({"owes_afterwards": usd(3001)}, errors.OwesOutOfRange),
        ({"owes_afterwards": usd(-1)}, errors.OwesOutOfRange),
        ({"from_invoice_id": 3}, errors.NotAppliedThere),
    ],
)
def test_a_refund_that_cannot_be(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        refund(a_payment(5000, 5000), 3000, **fields)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": PaymentKind.ADJUSTMENT}, errors.AdjustmentIsFixed),
        ({"reversed_minor": 5000}, errors.AlreadyReversed),
        ({"returned_minor": 5000}, errors.AlreadyReturned),
        ({"refunded_minor": 5000}, errors.AlreadyRefunded),
    ],
)
def test_what_is_no_longer_there_is_not_refunded(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        refund(replace(a_payment(5000, 0), **fields), 3000)


@dataclass
class Books:
    """A payment with its rows and invoices, as decisions leave them one after the other."""

    payment: PaymentState
    allocations: list[AllocationRow]
    invoices: dict[int, OpenInvoice]
    refunded: list[RefundDecision] = field(default_factory=list)

    def refund(self, minor: int, owes: int) -> RefundDecision:
        decision = refund(self.payment, minor, owes, allocations=self.allocations, invoices=self.invoices)
        for row in decision.allocations:
            change = CounterChange.allocated(row.minor, counts=row.counts, is_money=True)
            self.invoices[row.invoice_id].run_on(change + CounterChange(back=-row.minor))
        for invoice in self.invoices.values():
            steps = [step for step in decision.commissions if step.invoice_id == invoice.id]
            invoice.accruals = tuple(map(stepped, steps)) or invoice.accruals
        if decision.adjustment:
            run_on(decision.adjustment, self.invoices)
        self.allocations += decision.allocations
        self.payment = replace(
            self.payment,
            allocated_minor=self.payment.allocated_minor - decision.reopened.minor,
            refunded_minor=self.payment.refunded_minor + minor,
        )
        return decision


PARTS = st.lists(st.integers(1, 99), max_size=4).map(lambda parts: [*parts, 100])
"""Percentages of what is left, refunded one after the other; at last all of it."""


@st.composite
def books(draw: st.DrawFn) -> Books:
    """Invoices that one payment has paid in full, some of it not counted, and some credit beside it."""
    currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
    allocations, found = [], {}
    for pk in range(1, draw(st.integers(1, 3)) + 1):
        parts = draw(st.lists(st.tuples(st.integers(1, 4000), st.booleans()), min_size=1, max_size=3))
        counted = sum(minor for minor, counts in parts if counts)
        total = sum(minor for minor, _ in parts)
        finance = draw(st.sampled_from([0, min(5, total)]))
        invoice = OpenInvoice(
            id=pk,
            number=1000 + pk,
            contact_id=7,
            order_id=pk,
            currency=currency,
            total_minor=total,
            applied_minor=total,
            issued_on=EARLIER,
            is_void=False,
            finance_minor=finance,
            counted_minor=counted,
            uncounted_minor=total - counted,
            money_minor=total,
        )
        invoice.accruals = tuple(
            accrual(n, payout_type, draw(st.integers(0, 3000)), invoice)
            for n, payout_type in enumerate(PayoutType)
        )
        found[pk] = invoice
        for minor, counts in parts:
            day = EARLIER + timedelta(days=draw(st.integers(0, 20)))
            allocations.append(AllocationRow(pk, minor, counts, day))
    allocated = sum(row.minor for row in allocations)
    amount = allocated + draw(st.integers(0, 2000))
    payment = replace(a_payment(amount, allocated), currency=currency)
    return Books(payment, draw(st.permutations(allocations)), found)


def accrual(pk: int, payout_type: PayoutType, total: int, invoice: OpenInvoice) -> AccrualState:
    released = release(total, payout_type, invoice.counters)
    return AccrualState(
        id=pk,
        partner_id=pk,
        partner_name="Dana",
        role=PartnerRole.LEAD,
        level=1,
        payout_type=payout_type,
        hold_days=0,
        total_minor=total,
        earned_minor=released.earned_minor,
        part_minor=released.part,
    )


@given(scene=books(), data=st.data())
def test_repeated_refunds_add_up_and_never_give_more_than_came_in(scene: Books, data: st.DataObject) -> None:
    owed = sum(invoice.balance.minor for invoice in scene.invoices.values())
    for part in data.draw(PARTS):
        left = scene.payment.refundable_minor
        minor = max(1, left * part // 100)
        reopened = max(0, minor - scene.payment.credit_minor)
        owes = data.draw(st.integers(0, reopened) | st.sampled_from([0, reopened]))

        with pytest.raises(errors.AboveRefundable):
            scene.refund(left + 1, 0)
        decision = scene.refund(minor, owes)

        owed += owes
        assert decision.credit_used + decision.reopened == decision.amount
        assert -sum(row.minor for row in decision.allocations) == decision.reopened.minor
        assert decision.not_owed.minor + owes == decision.reopened.minor
        credited = decision.adjustment.input.amount.minor if decision.adjustment else 0
        assert credited == decision.not_owed.minor
        assert sum(invoice.balance.minor for invoice in scene.invoices.values()) == owed
        assert sum((b.after - b.before).minor for b in decision.balances) == owes
        assert all(invoice.balance.minor >= 0 for invoice in scene.invoices.values())
        given_back = [m.minor for m in decision.movements if m.kind is TransferKind.REFUNDED]
        assert given_back == [minor]
        for invoice in scene.invoices.values():
            for one in invoice.accruals:
                earned = release(one.total_minor, one.payout_type, invoice.counters).earned_minor
                assert one.earned_minor == earned
        if not scene.payment.refundable_minor:
            break
    with pytest.raises(errors.AlreadyRefunded):
        scene.refund(1, 0)


@given(scene=books(), parts=PARTS)
def test_a_full_refund_brings_every_commission_back_to_zero(scene: Books, parts: list[int]) -> None:
    for part in parts:
        if left := scene.payment.refundable_minor:
            scene.refund(max(1, left * part // 100), 0)

    for invoice in scene.invoices.values():
        if invoice.counters.payable_minor:
            assert [one.earned_minor for one in invoice.accruals] == [0] * len(invoice.accruals)
        assert (invoice.money_minor, invoice.counted_minor, invoice.uncounted_minor) == (0, 0, 0)
        assert invoice.money_back_minor == invoice.total_minor
