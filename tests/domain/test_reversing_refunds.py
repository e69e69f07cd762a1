"""Undoing a refund: then everything is as before, whatever was owed afterwards."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.commission_steps import CounterChange, stepped
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import Movement, OpenInvoice
from duebook.domain.refunding import RefundDecision, RefundMeans
from duebook.domain.reversing import TransferRow, run_back
from duebook.domain.reversing_refunds import (
    Credited,
    RefundReversalDecision,
    RefundRow,
    decide_refund_reversal,
)
from tests.domain.payment_scene import EARLIER, TODAY, a_payment, usd
from tests.domain.test_refunding import APPLIED, Books, books, paid_invoices

LATER = TODAY + timedelta(days=4)


def written(decision: RefundDecision, **fields: Any) -> RefundRow:
    """The refund as it would stand in the books."""
    transfers = tuple(_transfer(pk, row) for pk, row in enumerate(decision.movements, start=100))
    return replace(
        RefundRow(
            id=1,
            amount_minor=decision.amount.minor,
            means=decision.input.means,
            is_reversed=False,
            taken_off=decision.allocations,
            transfers=transfers,
        ),
        **fields,
    )


def credited(decision: RefundDecision) -> Credited | None:
    """What the refund credited, as it would stand in the books."""
    made = decision.adjustment
    if made is None:
        return None
    state = PaymentState(
        id=2,
        number=2,
        contact_id=7,
        kind=PaymentKind.ADJUSTMENT,
        currency=made.input.amount.currency,
        amount_minor=made.input.amount.minor,
        allocated_minor=made.input.amount.minor,
        refunded_minor=0,
        returned_minor=0,
        reversed_minor=0,
        received_on=made.input.received_on,
        account_id=made.type.account_id,
        counts=False,
        from_gateway=False,
    )
    rows = tuple(
        AllocationRow(part.invoice_id, part.amount.minor, counts=False, applied_on=part.applied_on)
        for part in made.applied
    )
    transfers = tuple(_transfer(pk, row) for pk, row in enumerate(made.movements, start=200))
    return Credited(state, rows, transfers)


def _transfer(pk: int, row: Movement) -> TransferRow:
    return TransferRow(pk, row.kind, row.debit, row.credit, row.minor, row.effective_on, row.invoice_id)


def undo(scene: Books, refund: RefundRow, **fields: Any) -> RefundReversalDecision:
    wanted = {
        "on": LATER,
        "reason": "Wrong customer",
        "credited": None,
        "invoices": scene.invoices,
        "closed_until": None,
        **fields,
    }
    return decide_refund_reversal(scene.payment, refund, **wanted)


def carry_out(decision: RefundReversalDecision, invoices: dict[int, OpenInvoice]) -> None:
    if decision.adjustment:
        run_back(decision.adjustment, invoices)
    for row in decision.allocations:
        change = CounterChange.allocated(row.minor, counts=row.counts, is_money=True)
        invoices[row.invoice_id].run_on(change + CounterChange(back=-row.minor))
    for invoice in invoices.values():
        steps = [step for step in decision.commissions if step.invoice_id == invoice.id]
        invoice.accruals = tuple(map(stepped, steps)) or invoice.accruals


def paid() -> Books:
    """60.00 on two invoices and 10.00 credit."""
    return Books(a_payment(6000, 5000), list(APPLIED), paid_invoices())


def test_what_came_from_credit_is_credit_again_and_the_rest_is_applied_again() -> None:
    scene = paid()
    made = scene.refund(4000, owes=2000)

    decision = undo(scene, written(made), credited=credited(made))

    assert (decision.amount, decision.applied, decision.credit_back) == (usd(4000), usd(3000), usd(1000))
    assert [(row.invoice_id, row.minor, row.applied_on) for row in decision.allocations] == [
        (2, 2000, TODAY),
        (1, 1000, TODAY),
    ]
    assert [(b.number, b.before, b.after) for b in decision.balances] == [
        (1001, usd(8000), usd(7000)),
        (1002, usd(9000), usd(8000)),
    ]
    assert decision.adjustment is not None
    assert decision.adjustment.amount == usd(1000)


def test_each_transfer_is_mirrored_on_its_day_while_that_is_open() -> None:
    scene = paid()
    made = scene.refund(2000, owes=1000)

    open_day = undo(scene, written(made))
    closed_day = undo(scene, written(made), closed_until=TODAY)

    assert [(m.corrects_id, m.movement.debit, m.movement.credit) for m in open_day.mirrored] == [
        (100, Sys.CUSTOMER_CREDIT, Sys.RECEIVABLE),
        (101, Sys.BANK, Sys.CUSTOMER_CREDIT),
    ]
    assert {m.movement.effective_on for m in open_day.mirrored} == {TODAY}
    assert {m.movement.effective_on for m in closed_day.mirrored} == {LATER}
    assert {row.applied_on for row in closed_day.allocations} == {LATER}


def test_an_invoice_that_was_used_since_is_settled_again_today() -> None:
    scene = paid()
    made = scene.refund(4000, owes=3000)

    decision = undo(scene, written(made, used=frozenset({2})))

    assert [(row.invoice_id, row.applied_on) for row in decision.allocations] == [(2, LATER), (1, TODAY)]
    assert [(m.movement.invoice_id, m.movement.effective_on) for m in decision.mirrored] == [
        (2, LATER),
        (1, TODAY),
        (None, TODAY),
    ]


def test_what_it_credited_and_somebody_has_undone_is_not_undone_again() -> None:
    scene = paid()
    made = scene.refund(2000, owes=0)
    before = credited(made)
    assert before is not None
    gone = replace(before, payment=replace(before.payment, reversed_minor=before.payment.amount_minor))
    for part in made.adjustment.applied if made.adjustment else ():
        scene.invoices[part.invoice_id].applied_minor -= part.amount.minor

    decision = undo(scene, written(made), credited=gone)

    assert decision.adjustment is None
    assert decision.applied == usd(1000)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"means": RefundMeans.GATEWAY}, errors.GatewayRefundFixed),
        ({"is_reversed": True}, errors.RefundAlreadyReversed),
    ],
)
def test_a_refund_that_is_not_undone(fields: dict[str, Any], error: type[Exception]) -> None:
    scene = paid()

    with pytest.raises(error):
        undo(scene, written(scene.refund(2000, owes=1000), **fields))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"returned_minor": 1000}, errors.AlreadyReturned),
        ({"refund_under_way": True}, errors.RefundUnderWay),
    ],
)
def test_a_payment_that_does_not_take_it_back(fields: dict[str, Any], error: type[Exception]) -> None:
    scene = paid()
    made = scene.refund(2000, owes=1000)
    scene.payment = replace(scene.payment, **fields)

    with pytest.raises(error):
        undo(scene, written(made))


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"reason": " "}, errors.ReasonRequired), ({"closed_until": LATER}, errors.PeriodClosed)],
)
def test_an_undoing_that_cannot_be(fields: dict[str, Any], error: type[Exception]) -> None:
    scene = paid()

    with pytest.raises(error):
        undo(scene, written(scene.refund(2000, owes=1000)), **fields)


def test_an_invoice_that_no_longer_takes_it_says_how_much_it_does() -> None:
    scene = paid()
    made = scene.refund(3000, owes=2000)
    scene.invoices[2].applied_minor += 8500

    with pytest.raises(errors.RefundUsedSince) as refusal:
        undo(scene, written(made))

    assert refusal.value.values == {"needed": usd(2000), "number": "INV-1002", "balance": usd(1500)}


def came_back(made: RefundDecision, **fields: Any) -> RefundRow:
    """The refund through the gateway, of which the gateway says that it failed after all."""
    return written(made, means=RefundMeans.GATEWAY, came_back=True, **fields)


def test_one_that_came_back_is_booked_back_on_its_day() -> None:
    scene = paid()

    decision = undo(scene, came_back(scene.refund(4000, owes=3000)))

    assert (decision.applied, decision.credit_back) == (usd(3000), usd(1000))
    assert {row.applied_on for row in decision.allocations} == {LATER}
    assert {mirrored.movement.effective_on for mirrored in decision.mirrored} == {LATER}


def test_of_one_that_came_back_an_invoice_that_cannot_take_all_again_takes_nothing() -> None:
    scene = paid()
    made = scene.refund(4000, owes=3000)
    scene.invoices[2].applied_minor += 8500

    decision = undo(scene, came_back(made))

    assert [(row.invoice_id, row.minor) for row in decision.allocations] == [(1, 1000)]
    assert (decision.applied, decision.credit_back) == (usd(1000), usd(3000))
    assert [mirrored.movement.invoice_id for mirrored in decision.mirrored] == [1, None]


def test_one_that_came_back_is_undone_once() -> None:
    scene = paid()

    with pytest.raises(errors.RefundAlreadyReversed):
        undo(scene, came_back(scene.refund(2000, owes=1000), is_reversed=True))


@given(scene=books(), data=st.data())
def test_whatever_happened_since_what_came_back_is_applied_or_credit(
    scene: Books, data: st.DataObject
) -> None:
    minor = data.draw(st.integers(1, scene.payment.refundable_minor))
    made = scene.refund(minor, max(0, minor - scene.payment.credit_minor))
    for invoice in scene.invoices.values():
        invoice.applied_minor += data.draw(st.integers(0, max(0, invoice.balance.minor)))

    decision = undo(scene, came_back(made))

    assert decision.applied + decision.credit_back == decision.amount
    assert decision.credit_back.minor >= 0
    assert all(change.after.minor >= 0 for change in decision.balances)
    again = {row.invoice_id for row in decision.allocations}
    assert {m.movement.invoice_id for m in decision.mirrored} == {*again, None}


@given(scene=books(), data=st.data())
def test_refunded_and_undone_everything_is_as_before(scene: Books, data: st.DataObject) -> None:
    for part in data.draw(st.lists(st.integers(1, 60), max_size=2)):
        if scene.payment.refundable_minor > 1:
            scene.refund(max(1, scene.payment.refundable_minor * part // 200), 0)
    before = deepcopy(scene)
    minor = data.draw(st.integers(1, scene.payment.refundable_minor))
    reopened = max(0, minor - scene.payment.credit_minor)
    made = scene.refund(minor, data.draw(st.integers(0, reopened) | st.sampled_from([0, reopened])))
    closed_until = data.draw(st.none() | st.dates(EARLIER, TODAY))

    decision = undo(scene, written(made), credited=credited(made), closed_until=closed_until)
    carry_out(decision, scene.invoices)

    assert scene.invoices == before.invoices
    assert decision.applied + decision.credit_back == decision.amount
    assert scene.payment.refunded_minor - minor == before.payment.refunded_minor
    assert scene.payment.allocated_minor + decision.applied.minor == before.payment.allocated_minor
    assert all(change.after.minor >= 0 for change in decision.balances)
    books_after = _by_day((made.movements, made.adjustment.movements if made.adjustment else ()), decision)
    assert closed_until or not books_after
    assert not _by_account((made.movements, made.adjustment.movements if made.adjustment else ()), decision)


def _by_day(made: tuple[Any, ...], decision: RefundReversalDecision) -> dict[tuple[int, date], int]:
    """What all of it moved in each account on each day; nothing where it adds up to zero."""
    moved: dict[tuple[int, date], int] = {}
    mirrored = (*decision.mirrored, *(decision.adjustment.mirrored if decision.adjustment else ()))
    for row in (*made[0], *made[1], *(one.movement for one in mirrored)):
        for account, minor in ((row.debit, row.minor), (row.credit, -row.minor)):
            place = (account, row.effective_on)
            moved[place] = moved.get(place, 0) + minor
    return {place: minor for place, minor in moved.items() if minor}


def _by_account(made: tuple[Any, ...], decision: RefundReversalDecision) -> dict[int, int]:
    sums: dict[int, int] = {}
    for (account, _), minor in _by_day(made, decision).items():
        sums[account] = sums.get(account, 0) + minor
    return {account: minor for account, minor in sums.items() if minor}
