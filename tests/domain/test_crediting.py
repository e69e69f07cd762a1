"""Applying credit: in order, and never twice."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.crediting import decide_credit
from duebook.domain.recording import Share
from tests.domain.payment_scene import TODAY, invoices, usd


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
