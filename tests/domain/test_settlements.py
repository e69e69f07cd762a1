"""What a settlement posts: fees and what reached the bank, and nothing of either twice."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.recording import Movement
from duebook.domain.settlements import (
    FEE_BOOKED_BEFORE,
    LineKind,
    SettledPart,
    SettlementDecision,
    decide_settlement,
    decide_settlement_return,
)

CLEARING = 1001
BANK, FEES = int(SystemAccount.BANK), int(SystemAccount.PROCESSOR_FEES)
TODAY = date(2026, 11, 27)

AMOUNTS = st.integers(-(10**9), 10**9)
PARTS = st.lists(
    st.builds(
        SettledPart,
        kind=st.sampled_from([kind for kind in LineKind if kind is not LineKind.UNEXPLAINED]),
        gross_minor=AMOUNTS,
        fee_minor=AMOUNTS,
        object_id=st.sampled_from(["", "ch_1", "ch_2", "re_1"]),
    ),
    max_size=6,
)


def charge(gross_minor: int = 10000, fee_minor: int = 320, pk: str = "ch_1") -> SettledPart:
    return SettledPart(LineKind.CHARGE, gross_minor, fee_minor, pk, pk)


def decide(net_minor: int, fee_minor: int, *parts: SettledPart, **fields: Any) -> SettlementDecision:
    return decide_settlement(
        **{
            "net_minor": net_minor,
            "fee_minor": fee_minor,
            "paid_on": TODAY,
            "parts": parts,
            "settled_before": set(),
            "clearing_account_id": CLEARING,
            "on": TODAY,
            "closed_until": None,
            **fields,
        }
    )


def test_the_fee_and_what_reached_the_bank_leave_card_clearing() -> None:
    decision = decide(9680, 320, charge())

    assert decision.fee == Movement(TransferKind.PROCESSOR_FEE, FEES, CLEARING, 320, TODAY)
    assert decision.net == Movement(TransferKind.SETTLED, BANK, CLEARING, 9680, TODAY)
    assert (decision.gross_minor, decision.clears_minor) == (10000, 10000)
    assert decision.parts == (charge(),)


def test_money_that_the_processor_takes_from_the_bank_is_posted_mirrored() -> None:
    refund = SettledPart(LineKind.REFUND, -5000, 0, "re_1", "ch_1")

    decision = decide(-5000, 0, refund)

    assert decision.net == Movement(TransferKind.SETTLED, CLEARING, BANK, 5000, TODAY)
    assert decision.fee is None


def test_a_fee_given_back_is_posted_mirrored() -> None:
    decision = decide(100, -100, SettledPart(LineKind.FEE, 0, -100))

    assert decision.fee == Movement(TransferKind.PROCESSOR_FEE, CLEARING, FEES, 100, TODAY)


def test_nothing_is_posted_of_nothing() -> None:
    decision = decide(0, 0)

    assert (decision.fee, decision.net, decision.parts) == (None, None, ())


@pytest.mark.parametrize("kind", sorted(FEE_BOOKED_BEFORE))
def test_the_fee_of_a_dispute_was_booked_before_and_is_not_posted_again(kind: LineKind) -> None:
    dispute = SettledPart(kind, -10000, 1500, "dp_1", "ch_1")

    decision = decide(-11500, 1500, dispute)

    assert decision.fee is None
    assert decision.clears_minor == -11500


def test_what_the_lines_leave_open_is_a_line_of_its_own() -> None:
    decision = decide(9600, 400, charge())

    assert decision.parts[-1] == SettledPart(LineKind.UNEXPLAINED, 0, 80)
    assert decision.fee is not None
    assert decision.fee.minor == 400


def test_a_settlement_without_lines_is_all_unexplained() -> None:
    assert decide(5580, 0).parts == (SettledPart(LineKind.UNEXPLAINED, 5580, 0),)


def test_what_was_settled_before_is_marked_and_posted_all_the_same() -> None:
    decision = decide(
        29040, 960, charge(), charge(), charge(pk="ch_2"), settled_before={(LineKind.CHARGE, "ch_2")}
    )

    assert [part.is_repeated for part in decision.parts] == [False, True, True]
    assert decision.clears_minor == 30000


def test_fees_and_other_parts_may_come_again() -> None:
    parts = [SettledPart(kind, 0, 100, "x") for kind in (LineKind.FEE, LineKind.OTHER)]

    decision = decide(-400, 400, *parts, *parts)

    assert not any(part.is_repeated for part in decision.parts)


@pytest.mark.parametrize(
    ("paid_days_ago", "closed_days_ago", "booked_days_ago"),
    [(3, None, 3), (3, 4, 3), (3, 3, 0), (3, 1, 0), (0, 1, 0), (-2, None, 0)],
)
def test_it_is_dated_the_day_of_payment_or_today_where_that_is_closed_or_to_come(
    paid_days_ago: int, closed_days_ago: int | None, booked_days_ago: int
) -> None:
    closed = None if closed_days_ago is None else TODAY - timedelta(days=closed_days_ago)

    decision = decide(9680, 320, charge(), paid_on=TODAY - timedelta(days=paid_days_ago), closed_until=closed)

    assert decision.booked_on == TODAY - timedelta(days=booked_days_ago)
    assert decision.net is not None
    assert decision.net.effective_on == decision.booked_on


@given(net_minor=AMOUNTS, fee_minor=AMOUNTS, parts=PARTS)
def test_the_lines_add_up_and_card_clearing_loses_what_they_clear(
    net_minor: int, fee_minor: int, parts: list[SettledPart]
) -> None:
    decision = decide(net_minor, fee_minor, *parts)

    assert sum(part.gross_minor for part in decision.parts) == decision.gross_minor
    assert sum(part.fee_minor for part in decision.parts) == decision.fee_minor
    assert decision.gross_minor - decision.fee_minor == decision.net_minor
    posted = [movement for movement in (decision.fee, decision.net) if movement is not None]
    off_clearing = sum(one.minor if one.credit == CLEARING else -one.minor for one in posted)
    assert off_clearing == decision.clears_minor
    assert all(one.minor > 0 and CLEARING in (one.debit, one.credit) for one in posted)


@given(parts=PARTS)
def test_the_same_settlement_again_would_be_repeated_whole(parts: list[SettledPart]) -> None:
    first = decide(0, 0, *parts)
    before = {(part.kind, part.object_id) for part in first.parts}

    again = decide(0, 0, *parts, settled_before=before)

    named = [part for part in again.parts if part.object_id and part.kind.value not in ("fee", "other")]
    assert all(part.is_repeated for part in named)


@pytest.mark.parametrize(
    ("returned_on", "closed_until", "booked_on"),
    [
        (date(2026, 3, 4), None, date(2026, 3, 4)),
        (date(2026, 3, 1), None, date(2026, 3, 3)),
        (date(2026, 3, 4), date(2026, 3, 4), date(2026, 3, 9)),
        (date(2026, 3, 20), None, date(2026, 3, 9)),
    ],
    ids=[
        "on its day",
        "never before it was booked",
        "today where that day is closed",
        "today where it is to come",
    ],
)
def test_a_return_is_booked_on_its_day_or_on_the_first_that_is_right(
    returned_on: date, closed_until: date | None, booked_on: date
) -> None:
    decided = decide_settlement_return(
        net_minor=3825,
        settled_on=date(2026, 3, 3),
        returned_on=returned_on,
        clearing_account_id=1001,
        on=date(2026, 3, 9),
        closed_until=closed_until,
    )

    assert decided.booked_on == booked_on
    assert decided.net == Movement(TransferKind.SETTLED, 1001, int(SystemAccount.BANK), 3825, booked_on)


@pytest.mark.parametrize(("net_minor", "sides"), [(-500, (int(SystemAccount.BANK), 1001)), (0, None)])
def test_a_return_mirrors_what_the_processor_took_and_moves_nothing_of_nothing(
    net_minor: int, sides: tuple[int, int] | None
) -> None:
    decided = decide_settlement_return(
        net_minor=net_minor,
        settled_on=date(2026, 3, 3),
        returned_on=date(2026, 3, 4),
        clearing_account_id=1001,
        on=date(2026, 3, 9),
        closed_until=None,
    )

    assert (decided.net and (decided.net.debit, decided.net.credit)) == sides
