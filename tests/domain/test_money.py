"""Money adds up, refuses what is not money, and is read as people type it."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from duebook.domain.errors import AmountFormat, AmountOutOfRange, CurrencyMismatch, TooManyDecimals
from duebook.domain.money import MAX_MINOR, Money, parse_minor, to_decimal, to_minor, total

MINORS = st.integers(min_value=-MAX_MINOR, max_value=MAX_MINOR)


def test_amounts_of_one_currency_add_and_subtract() -> None:
    assert Money(1234, "USD") + Money(66, "USD") == Money(1300, "USD")
    assert Money(1234, "USD") - Money(2000, "USD") == Money(-766, "USD")
    assert -Money(5, "USD") == Money(-5, "USD")


def test_two_currencies_never_meet_in_a_sum_or_a_comparison() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "USD") < Money(2, "EUR")


@pytest.mark.parametrize("minor", [1.0, Decimal(1), True, "1"])
def test_only_a_whole_number_is_an_amount(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "USD")


def test_a_currency_is_a_code_of_three_capitals() -> None:
    with pytest.raises(ValueError, match="usd"):
        Money(1, "usd")


@given(st.lists(MINORS, max_size=20))
def test_a_total_is_the_sum_of_its_parts_in_any_order(minors: list[int]) -> None:
    forward = total((Money(m, "USD") for m in minors), "USD")

    assert forward == total((Money(m, "USD") for m in reversed(minors)), "USD")
    assert forward.minor == sum(minors)


@pytest.mark.parametrize(
    ("text", "exponent", "minor"),
    [
        ("1234.50", 2, 123450),
        ("1,234.50", 2, 123450),
        ("1.234,50", 2, 123450),
        ("1'234.50", 2, 123450),
        ("1\u2019234.50", 2, 123450),
        ("1 234,50", 2, 123450),
        ("12,5", 2, 1250),
        ("12.5", 2, 1250),
        (".5", 2, 50),
        ("1,234", 2, 123400),
        ("1,234,567", 2, 123456700),
        ("  7 ", 2, 700),
        ("12.500", 2, 1250),
        ("-3.20", 2, -320),
        ("1,234", 0, 1234),
        ("500", 0, 500),
        ("1.234", 3, 1234),
        ("0.001", 3, 1),
    ],
)
def test_an_amount_is_read_as_people_type_it(text: str, exponent: int, minor: int) -> None:
    assert parse_minor(text, exponent) == minor


def test_one_mark_before_three_digits_follows_the_business_s_locale() -> None:
    assert parse_minor("1.234", 2, decimal_mark=",") == 123400
    with pytest.raises(TooManyDecimals):
        parse_minor("1.234", 2, decimal_mark=".")


@pytest.mark.parametrize(
    ("text", "mark", "minor"),
    [("1,234", ".", 1_234_000), ("1.234", ".", 1_234), ("1.234", ",", 1_234_000), ("1,234", ",", 1_234)],
)
def test_a_currency_with_three_decimals_follows_the_same_rule(text: str, mark: str, minor: int) -> None:
    assert parse_minor(text, 3, decimal_mark=mark) == minor


@pytest.mark.parametrize("text", ["", " ", "abc", "12a", "1..2", "1,2,3", "$12", "1e5", "--1", "1,23.4", "."])
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountFormat):
        parse_minor(text, 2)


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(TooManyDecimals):
        parse_minor("1.005", 2)
    with pytest.raises(TooManyDecimals):
        parse_minor("1.5", 0)


def test_an_amount_past_the_range_is_refused() -> None:
    assert parse_minor("10000000000000.00", 2) == MAX_MINOR
    with pytest.raises(AmountOutOfRange):
        parse_minor("10000000000000.01", 2)
    with pytest.raises(AmountOutOfRange):
        parse_minor("9" * 5000, 2)


@given(MINORS, st.sampled_from([0, 2, 3]))
def test_writing_an_amount_and_reading_it_gives_it_back(minor: int, exponent: int) -> None:
    text = f"{to_decimal(minor, exponent):,.{exponent}f}"

    assert parse_minor(text, exponent) == minor


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(AmountFormat, TooManyDecimals, AmountOutOfRange):
        assert abs(parse_minor(text, 2)) <= MAX_MINOR


def test_a_half_goes_away_from_zero() -> None:
    assert to_minor(Decimal("0.125"), 2) == 13
    assert to_minor(Decimal("-0.125"), 2) == -13
    assert to_minor(Decimal("0.1249"), 2) == 12
