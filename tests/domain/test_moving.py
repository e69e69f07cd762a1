"""Moving: what comes off is what was applied, with its answer to Apply to Commissions."""

import pytest

from duebook.domain.moving import decide_move
from tests.domain.payment_scene import MIXED, TODAY, a_payment, invoices, usd


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
