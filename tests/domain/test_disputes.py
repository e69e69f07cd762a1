"""Disputes: the end does not depend on the order of messages, and what comes back mirrors what was taken."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain.accounts import SystemAccount as Sys, TransferKind
from duebook.domain.disputes import (
    Claim,
    DisputeDecision,
    DisputeState,
    after_seeing_dispute,
    decide_bringing_back,
    decide_taking,
    fee_movement,
    first_open_day,
)
from duebook.domain.errors import AlreadyDisputed, AlreadyReturned
from duebook.domain.payment_state import AllocationRow, PaymentState, require_standing
from duebook.domain.recording import OpenInvoice
from tests.domain.payment_scene import EARLIER, MIXED, TODAY, a_payment, invoices

OPEN, WON, LOST = DisputeState.OPEN, DisputeState.WON, DisputeState.LOST


def take(payment: PaymentState, minor: int, **fields: Any) -> DisputeDecision:
    return decide_taking(
        payment,
        minor,
        **{
            "on": TODAY,
            "allocations": MIXED,
            "invoices": invoices(applied=5000),
            "closed_until": None,
            **fields,
        },
    )


def bring_back(
    taken: DisputeDecision, at: dict[int, OpenInvoice], closed_until: date | None = None
) -> DisputeDecision:
    return decide_bringing_back(
        taken.payment,
        taken.minor,
        on=TODAY,
        taken_off=taken.allocations,
        invoices=at,
        closed_until=closed_until,
    )


claims = st.builds(
    Claim,
    st.sampled_from(DisputeState),
    st.sampled_from([0, 4000, 10000]),
    st.sampled_from([0, 1500]),
)


def after_all(seen: list[Claim]) -> Claim:
    known = after_seeing_dispute(None, seen[0])
    for claim in seen[1:]:
        known = after_seeing_dispute(known, claim)
    return known


@given(st.lists(claims, min_size=1, max_size=4))
def test_observations_in_any_order_and_twice_end_the_same(seen: list[Claim]) -> None:
    ends = {after_all([*order, *order]) for order in permutations(seen)}

    assert len(ends) == 1


@pytest.mark.parametrize(
    ("known", "seen", "after"),
    [
        (Claim(OPEN, 0, 0), Claim(OPEN, 10000, 1500), Claim(OPEN, 10000, 1500)),
        (Claim(OPEN, 10000, 1500), Claim(OPEN, 0, 0), Claim(OPEN, 10000, 1500)),
        (Claim(OPEN, 10000, 1500), Claim(LOST, 10000, 1500), Claim(LOST, 10000, 1500)),
        (Claim(OPEN, 10000, 1500), Claim(WON, 0, 1500), Claim(WON, 0, 1500)),
        (Claim(LOST, 10000, 1500), Claim(OPEN, 0, 0), Claim(LOST, 10000, 1500)),
        (Claim(LOST, 10000, 1500), Claim(WON, 0, 0), Claim(WON, 0, 0)),
        (Claim(WON, 0, 0), Claim(LOST, 10000, 1500), Claim(WON, 0, 0)),
        (Claim(WON, 10000, 1500), Claim(WON, 0, 0), Claim(WON, 0, 0)),
    ],
)
def test_what_is_seen_later_follows_or_changes_nothing(known: Claim, seen: Claim, after: Claim) -> None:
    assert after_seeing_dispute(known, seen) == after


def test_the_credit_goes_first_and_then_what_was_applied_last() -> None:
    decision = take(a_payment(6000, 5000), 4000)

    assert [(row.minor, row.counts) for row in decision.allocations] == [(-2000, False), (-1000, True)]
    assert decision.back == {1: 3000}
    assert decision.movements[-1].kind is TransferKind.RETURNED
    assert (decision.movements[-1].debit, decision.movements[-1].minor) == (Sys.CUSTOMER_CREDIT, 4000)


def test_what_an_invoice_no_longer_takes_is_left_as_credit() -> None:
    taken = take(a_payment(5000, 5000), 5000)
    paid_otherwise = invoices(applied=9000)

    back = bring_back(taken, paid_otherwise)

    assert sum(row.minor for row in back.allocations) == 1000
    assert back.back == {1: -5000}


def test_a_void_invoice_takes_nothing_again() -> None:
    taken = take(a_payment(5000, 5000), 5000)
    void = invoices()
    void[1] = replace(void[1], is_void=True)

    assert bring_back(taken, void).allocations == ()


def test_nothing_is_dated_in_the_closed_period() -> None:
    closed = TODAY + timedelta(days=3)

    taken = take(a_payment(5000, 5000), 5000, closed_until=closed)
    back = bring_back(taken, invoices(), closed_until=closed)

    assert {row.effective_on for row in (*taken.movements, *back.movements)} == {
        first_open_day(TODAY, closed)
    }


@pytest.mark.parametrize(("minor", "debit"), [(1500, Sys.PROCESSOR_FEES), (-1500, 77)])
def test_a_fee_leaves_card_clearing_or_comes_back(minor: int, debit: int) -> None:
    movement = fee_movement(77, minor, TODAY)

    assert (movement.debit, movement.minor, movement.kind) == (debit, 1500, TransferKind.PROCESSOR_FEE)


@given(
    parts=st.lists(
        st.tuples(st.sampled_from([1, 2]), st.integers(1, 4000), st.booleans()), min_size=1, max_size=5
    ),
    credit=st.integers(0, 3000),
    data=st.data(),
)
def test_taking_adds_up_and_bringing_back_is_its_mirror_image(
    parts: list[tuple[int, int, bool]], credit: int, data: st.DataObject
) -> None:
    rows = [AllocationRow(pk, minor, counts, EARLIER) for pk, minor, counts in parts]
    allocated = sum(row.minor for row in rows)
    payment = a_payment(allocated + credit, allocated)
    minor = data.draw(st.integers(1, payment.amount_minor))
    at = invoices()
    for invoice in at.values():
        invoice.total_minor = invoice.applied_minor = sum(
            row.minor for row in rows if row.invoice_id == invoice.id
        )

    taken = take(payment, minor, allocations=rows, invoices=at)
    off = sum(row.minor for row in taken.allocations)
    assert -off == max(0, minor - credit)
    for row in taken.allocations:
        at[row.invoice_id].applied_minor += row.minor
    back = bring_back(taken, at)

    assert sorted((row.invoice_id, -row.minor, row.counts) for row in taken.allocations) == sorted(
        (row.invoice_id, row.minor, row.counts) for row in back.allocations
    )
    assert {pk: -gone for pk, gone in back.back.items()} == taken.back


def test_a_payment_that_disputes_took_whole_has_nothing_left_to_act_on() -> None:
    disputed = replace(a_payment(5000, 0), returned_minor=5000, disputed_minor=5000)

    with pytest.raises(AlreadyDisputed):
        require_standing(disputed)
    with pytest.raises(AlreadyReturned):
        require_standing(replace(disputed, disputed_minor=3000))
    require_standing(replace(disputed, returned_minor=3000, disputed_minor=3000))
