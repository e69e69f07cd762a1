"""Undoing, returning and moving: what comes off is what was applied, with its answer and its day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.accounts import TransferKind
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import OpenInvoice, Share
from duebook.domain.undoing import (
    AllocationRow,
    PaymentState,
    TransferRow,
    decide_credit,
    decide_move,
    decide_return,
    decide_reversal,
)

TODAY = date(2026, 11, 23)
EARLIER = date(2026, 11, 2)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def a_payment(amount: int, allocated: int, *, counts: bool = True) -> PaymentState:
    return PaymentState(
        id=1,
        number=1,
        contact_id=7,
        kind=PaymentKind.MONEY,
        currency="USD",
        amount_minor=amount,
        allocated_minor=allocated,
        refunded_minor=0,
        returned_minor=0,
        reversed_minor=0,
        received_on=EARLIER,
        account_id=int(Sys.UNDEPOSITED_FUNDS),
        counts=counts,
        from_gateway=False,
    )


def invoices(applied: int = 0, count: int = 2) -> dict[int, OpenInvoice]:
    return {
        pk: OpenInvoice(
            id=pk,
            number=1000 + pk,
            contact_id=7,
            order_id=pk,
            currency="USD",
            total_minor=10000,
            applied_minor=applied if pk == 1 else 0,
            issued_on=EARLIER,
            is_void=False,
        )
        for pk in range(1, count + 1)
    }


MIXED = [
    AllocationRow(1, 3000, counts=True, applied_on=EARLIER),
    AllocationRow(1, 2000, counts=False, applied_on=TODAY),
]


@pytest.mark.parametrize(
    ("counts", "amount", "moved"),
    [
        (True, 1000, [(True, 1000)]),
        (True, 4000, [(True, 3000), (False, 1000)]),
        (False, 1000, [(False, 1000)]),
        (False, 5000, [(False, 2000), (True, 3000)]),
    ],
)
def test_a_move_takes_from_the_payment_s_own_answer_first(
    counts: bool, amount: int, moved: list[tuple[bool, int]]
) -> None:
    decision = decide_move(
        a_payment(5000, 5000, counts=counts),
        on=TODAY,
        from_invoice_id=1,
        to_invoice_id=2,
        amount=usd(amount),
        allocations=MIXED,
        invoices=invoices(applied=5000),
        closed_until=None,
    )

    assert [(row.counts, -row.minor) for row in decision.allocations if row.minor < 0] == moved
    assert [(row.counts, row.minor) for row in decision.allocations if row.minor > 0] == moved
    assert {row.applied_on for row in decision.allocations} == {TODAY}
    assert [b.after.minor for b in decision.balances] == [5000 + amount, 10000 - amount]


def test_a_return_takes_each_answer_off_by_itself() -> None:
    decision = decide_return(
        a_payment(5000, 5000),
        on=TODAY,
        returned_on=date(2026, 11, 10),
        reason="Bounced",
        fee=None,
        allocations=MIXED,
        invoices=invoices(applied=5000),
        closed_until=None,
    )

    assert [(r.minor, r.counts, r.applied_on) for r in decision.allocations] == [
        (-3000, True, date(2026, 11, 10)),
        (-2000, False, TODAY),
    ]
    assert decision.balances[0].after == usd(10000)


def test_undoing_dates_each_row_as_the_row_it_undoes_while_its_period_is_open() -> None:
    transfers = [
        TransferRow(5, TransferKind.PAYMENT_RECEIVED, 2, 5, 5000, date(2026, 10, 1), None),
        TransferRow(6, TransferKind.ALLOCATED, 5, 4, 3000, EARLIER, 1),
    ]

    decision = decide_reversal(
        a_payment(5000, 5000),
        on=TODAY,
        reason="Typo",
        allocations=MIXED,
        transfers=transfers,
        invoices=invoices(applied=5000),
        closed_until=date(2026, 10, 31),
    )

    assert [(m.corrects_id, m.movement.debit, m.movement.credit) for m in decision.mirrored] == [
        (5, 5, 2),
        (6, 4, 5),
    ]
    assert [m.movement.effective_on for m in decision.mirrored] == [TODAY, EARLIER]
    assert [row.applied_on for row in decision.allocations] == [EARLIER, TODAY]


@given(
    left=st.lists(st.integers(min_value=1, max_value=5000), min_size=1, max_size=8),
    parts=st.lists(st.integers(min_value=1, max_value=10000), min_size=1, max_size=4),
)
def test_credit_is_used_in_order_and_never_twice(left: list[int], parts: list[int]) -> None:
    sources = [(pk, minor) for pk, minor in enumerate(left, start=1)]
    shares = [Share(pk, usd(minor)) for pk, minor in enumerate(parts, start=1)]

    def decide() -> list[tuple[int, int, int]]:
        decision = decide_credit(
            shares,
            on=TODAY,
            contact_id=7,
            currency="USD",
            counts=True,
            sources=sources,
            invoices=invoices(count=len(parts)),
            closed_until=None,
        )
        return [(use.payment_id, use.invoice_id, use.minor) for use in decision.uses]

    if sum(parts) > sum(left):
        with pytest.raises(errors.NotEnoughCredit):
            decide()
        return
    uses = decide()
    for pk, minor in enumerate(parts, start=1):
        assert sum(use[2] for use in uses if use[1] == pk) == minor
    for pk, minor in enumerate(left, start=1):
        assert sum(use[2] for use in uses if use[0] == pk) <= minor
    assert [use[0] for use in uses] == sorted(use[0] for use in uses)
