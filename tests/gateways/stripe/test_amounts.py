"""Amounts at Stripe, in the currencies where Stripe counts otherwise than Duebook."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.money import Money
from duebook.gateways.protocol import NothingHappened
from duebook.gateways.stripe.amounts import SMALLEST_CHARGE, from_stripe, nearest, to_stripe


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(1234, "USD"), 1234),
        (Money(500, "JPY"), 500),
        (Money(500, "RSD"), 50000),
        (Money(500, "ISK"), 50000),
        (Money(500, "UGX"), 50000),
        (Money(1230, "KWD"), 1230),
    ],
)
def test_an_amount_is_the_same_money_at_stripe(money: Money, amount: int) -> None:
    assert to_stripe(money) == amount
    assert from_stripe(amount, money.currency.lower()) == money


def test_a_thousandth_is_too_fine_for_stripe() -> None:
    with pytest.raises(NothingHappened) as refused:
        to_stripe(Money(1234, "KWD"))

    assert refused.value.code == "amount_too_fine"


def test_a_part_of_a_unit_that_has_no_parts_here_is_not_rounded() -> None:
    with pytest.raises(ValueError, match="RSD"):
        from_stripe(50050, "rsd")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (1249, "isk", 12),
        (1250, "isk", 13),
        (-1249, "isk", -12),
        (-1250, "isk", -13),
        (0, "rsd", 0),
        (1250, "usd", 1250),
        (1250, "jpy", 1250),
    ],
)
def test_what_stripe_takes_or_pays_is_rounded_where_it_counts_finer(
    amount: int, currency: str, minor: int
) -> None:
    assert nearest(amount, currency) == Money(minor, currency.upper())


@given(
    st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "RSD", "ISK", "KRW", "MGA", "LAK", "EUR"])
)
def test_there_and_back_is_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert from_stripe(to_stripe(money), currency.lower()) == money


def test_stripe_says_its_smallest_charge_in_minor_units() -> None:
    assert (SMALLEST_CHARGE["USD"], SMALLEST_CHARGE["JPY"], SMALLEST_CHARGE["GBP"]) == (50, 50, 30)
