"""The life of a refund through a gateway, and what it books whatever happened meanwhile."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, strategies as st

from duebook.domain.gateway_refunds import (
    OPEN_REFUND_STATES,
    REFUND_TRANSITIONS,
    RefundState,
    after_seeing_refund,
    decide_refund_success,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import OpenInvoice, TypeTerms
from duebook.domain.refunding import RefundInput, RefundMeans, Rest

ON = date(2026, 11, 27)
S = RefundState
SEEN = [S.SUCCEEDED, S.FAILED, S.PENDING, S.UNKNOWN]


@given(st.lists(st.sampled_from(SEEN), max_size=8))
def test_money_that_went_back_stays_so_and_a_known_state_never_becomes_unknown(
    seen: list[RefundState],
) -> None:
    state = S.SENT
    for one in seen:
        before, state = state, after_seeing_refund(state, one)
        assert not (before not in (S.SENT, S.UNKNOWN) and state is S.UNKNOWN)

    assert (state is S.SUCCEEDED) == (S.SUCCEEDED in seen)


def test_only_open_states_lead_anywhere_but_to_a_late_success() -> None:
    for state in set(RefundState) - OPEN_REFUND_STATES:
        assert REFUND_TRANSITIONS[state] <= {S.SUCCEEDED}


PAYMENT = PaymentState(
    id=1,
    number=1,
    contact_id=7,
    kind=PaymentKind.MONEY,
    currency="USD",
    amount_minor=10000,
    allocated_minor=10000,
    refunded_minor=0,
    returned_minor=0,
    reversed_minor=0,
    received_on=date(2026, 11, 1),
    account_id=1001,
    counts=True,
    from_gateway=True,
)


TYPES = {Rest.CREDIT: TypeTerms(9, "Adjustment", PaymentKind.ADJUSTMENT, 4900, active=True)}


def book(
    payment: PaymentState,
    *,
    closed_until: date | None = None,
    types: Any = None,
    most: Money | None = None,
    **fields: Any,
) -> Any:
    wanted = RefundInput(
        **{
            "amount": Money(4000, "USD"),
            "refunded_on": ON,
            "account_id": 1001,
            "reason": "Sent back",
            "owes_afterwards": Money(4000, "USD"),
            "means": RefundMeans.GATEWAY,
            **fields,
        }
    )
    invoice = OpenInvoice(
        id=5,
        number=1005,
        contact_id=7,
        order_id=5,
        currency="USD",
        total_minor=10000,
        applied_minor=payment.allocated_minor,
        issued_on=date(2026, 11, 1),
        is_void=False,
        counted_minor=payment.allocated_minor,
        money_minor=payment.allocated_minor,
    )
    rows = [AllocationRow(5, payment.allocated_minor, counts=True, applied_on=date(2026, 11, 1))]
    return decide_refund_success(
        payment,
        wanted,
        on=ON,
        allocations=rows if payment.allocated_minor else [],
        invoices={5: invoice},
        types=TYPES if types is None else types,
        closed_until=closed_until,
        not_owed_most=most,
    )


def test_it_reopens_what_was_paid() -> None:
    decision = book(PAYMENT)

    assert (decision.reopened.minor, decision.movements[-1].credit) == (4000, 1001)
    assert decision.input.refunded_on == ON


def test_what_became_credit_meanwhile_is_taken_from_there_and_nothing_is_owed_for_it() -> None:
    decision = book(replace(PAYMENT, allocated_minor=0), from_invoice_id=5)

    assert (decision.credit_used.minor, decision.reopened.minor) == (4000, 0)
    assert decision.owes.minor == 0


def test_what_it_opens_beyond_what_was_decided_is_owed_and_not_credited() -> None:
    """All of 40.00 was to come from credit, which a dispute took meanwhile: 40.00 of the invoice is owed."""
    nothing = Money(0, "USD")

    decided = book(PAYMENT, owes_afterwards=nothing, most=Money(2500, "USD"))
    all_credit = book(PAYMENT, owes_afterwards=nothing, most=nothing)
    as_decided = book(PAYMENT, owes_afterwards=nothing, most=Money(4000, "USD"))

    assert [one.owes.minor for one in (decided, all_credit, as_decided)] == [1500, 4000, 0]
    assert [one.adjustment is None for one in (decided, all_credit, as_decided)] == [False, True, False]


def test_without_a_type_to_credit_with_it_is_booked_and_owed_again() -> None:
    decision = book(PAYMENT, owes_afterwards=Money(1000, "USD"), types={})

    assert (decision.owes.minor, decision.adjustment) == (4000, None)


def test_in_a_closed_period_it_is_booked_on_the_first_open_day() -> None:
    assert book(PAYMENT, closed_until=ON).input.refunded_on == date(2026, 11, 28)
