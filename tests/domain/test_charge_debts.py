"""What a charge pays goes to the gateway as a text and comes back the same."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.charge_debts import LONGEST, ChargeDebts, debts_as_text, debts_in
from duebook.domain.money import MAX_MINOR, Money
from duebook.domain.recording import Share

ids = st.integers(1, 2**63 - 1).filter(lambda number: len(str(number)) <= 18)
shares = st.dictionaries(ids, st.integers(1, MAX_MINOR), min_size=1, max_size=60).map(
    lambda parts: tuple(Share(pk, Money(minor, "USD")) for pk, minor in parts.items())
)


def test_a_text_names_the_attempt_and_each_invoice_with_its_minor_units() -> None:
    paid = (Share(57, Money(10000, "USD")), Share(58, Money(2500, "USD")))

    assert debts_as_text(paid, attempt=2) == "#2 57:10000 58:2500"
    assert debts_in("#2 57:10000 58:2500") == ChargeDebts(2, {57: 10000, 58: 2500})


@given(shares, st.integers(1, 10**9 - 1))
def test_what_is_written_is_read_again_or_is_nothing_where_it_would_be_too_long(
    paid: tuple[Share, ...], attempt: int
) -> None:
    text = debts_as_text(paid, attempt=attempt)
    read = debts_in(text)

    if text:
        assert len(text) <= LONGEST
        assert read is not None
        assert (read.attempt, tuple(read.shares("USD"))) == (attempt, paid)
    else:
        assert read is None
        assert len(paid) > 12


@pytest.mark.parametrize(
    "text",
    [
        *("", "#1", "57:100", "#0 57:100", "#1 57:0", "#1 57:-1", "#1 57:100 57:200", "#1  57:100"),
        *("#1 57:100\n", "#1 57:1e3", "#1 ٥٧:100", "#1 57:1234567890123456789", "nothing of ours"),
    ],
)
def test_another_text_says_nothing(text: str) -> None:
    assert debts_in(text) is None


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    debts_in(text)
