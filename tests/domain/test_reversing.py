"""Undoing: each row has its counter row, on its day while that is open."""

from dataclasses import replace
from datetime import date

import pytest

from duebook.domain import errors
from duebook.domain.accounts import TransferKind
from duebook.domain.reversing import TransferRow, decide_reversal
from tests.domain.payment_scene import EARLIER, MIXED, TODAY, a_payment, invoices


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


def test_what_was_refunded_in_part_is_not_undone() -> None:
    payment = replace(a_payment(5000, 4000), refunded_minor=1000)

    with pytest.raises(errors.RefundedInPart):
        decide_reversal(
            payment,
            on=TODAY,
            reason="Typo",
            allocations=MIXED,
            transfers=[],
            invoices=invoices(applied=5000),
            closed_until=None,
        )
