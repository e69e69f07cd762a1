"""A card is good until the last day of its month; sixty days before, a new one is asked for."""

from datetime import date

import pytest
from hypothesis import given, strategies as st

from duebook.domain.card_expiry import Expiry, expiry_of, last_day
from duebook.domain.charging import CardOnFile


@pytest.mark.parametrize(
    ("on", "expiry"),
    [
        (date(2026, 9, 30), Expiry.GOOD),
        (date(2026, 10, 1), Expiry.SOON),
        (date(2026, 11, 30), Expiry.SOON),
        (date(2026, 12, 1), Expiry.EXPIRED),
    ],
)
def test_a_card_of_november(on: date, expiry: Expiry) -> None:
    assert expiry_of(exp_month=11, exp_year=2026, on=on) is expiry


def test_december_and_a_leap_february_end_as_the_calendar_says() -> None:
    assert last_day(exp_month=12, exp_year=2026) == date(2026, 12, 31)
    assert last_day(exp_month=2, exp_year=2028) == date(2028, 2, 29)


@given(
    month=st.integers(1, 12), year=st.integers(2000, 2100), on=st.dates(date(2000, 1, 1), date(2101, 1, 1))
)
def test_it_is_expired_exactly_when_it_cannot_be_charged(month: int, year: int, on: date) -> None:
    card = CardOnFile(1, 1, 1, month, year, active=True)

    assert (expiry_of(exp_month=month, exp_year=year, on=on) is Expiry.EXPIRED) == card.is_expired(on)
