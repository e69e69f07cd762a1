"""Reading one row of an order file: what counts as a date, an amount, a quantity, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.errors import DomainError
from duebook.domain.order_row import CurrencyTerms, ImportTerms, check_row, parse_day

CURRENCIES = {
    "USD": CurrencyTerms(2, ("US$", "USD", "$")),
    "EUR": CurrencyTerms(2, ("EUR", "€")),
    "JPY": CurrencyTerms(0, ("JPY", "¥")),
}
TERMS = ImportTerms(
    currency="USD",
    currency_of=CURRENCIES.get,
    decimal_mark=".",
    day_first=False,
    on=date(2026, 11, 23),
    closed_until=None,
)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026/1/5", date(2026, 1, 5)),
        ("2026-01-31T23:59:00+02:00", date(2026, 1, 31)),
        ("2026-01-31 10:00:00", date(2026, 1, 31)),
        ("31.1.2026", date(2026, 1, 31)),
        ("01/31/2026", date(2026, 1, 31)),
        ("2026-02-30", None),
        ("31/01/2026", None),
        ("1/5/26", None),
        ("0026-01-05", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_files_write_it(text: str, day: date | None) -> None:
    assert parse_day(text, day_first=False) == day


def test_a_date_with_slashes_follows_the_locale() -> None:
    assert parse_day("03/04/2026", day_first=False) == date(2026, 3, 4)
    assert parse_day("03/04/2026", day_first=True) == date(2026, 4, 3)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("29.33", 2933),
        ("29,33", 2933),
        ("$1,200.00", 120000),
        ("1,200.00 USD", 120000),
        ("US$ 5", 500),
        ("0.00", 0),
        ("0", 0),
    ],
)
def test_an_amount_may_carry_its_currency(text: str, minor: int) -> None:
    assert check_row(2, {"amount": text}, TERMS).amount_minor == minor


def test_an_amount_is_in_the_currency_of_its_row() -> None:
    row = check_row(2, {"amount": "¥1500", "currency": "jpy"}, TERMS)

    assert (row.currency, row.amount_minor) == ("JPY", 1500)


@pytest.mark.parametrize(
    ("values", "kind", "field"),
    [
        ({"amount": "ten"}, errors.AmountFormat, "amount"),
        ({"amount": "1.234"}, errors.TooManyDecimals, "amount"),
        ({"amount": "-5.00"}, errors.AmountNegative, "amount"),
        ({"amount": "€5.00"}, errors.AmountFormat, "amount"),
        ({"amount": "9" * 20}, errors.AmountOutOfRange, "amount"),
        ({"amount": "5.5", "currency": "JPY"}, errors.TooManyDecimals, "amount"),
        ({"amount": "5.00", "currency": "XXQ"}, errors.UnknownCurrency, "currency"),
        ({"unit_price": "-1"}, errors.PriceNegative, "unit_price"),
        ({"unit_price": "0.1234567"}, errors.TooManyDecimals, "unit_price"),
        ({"quantity": "0"}, errors.QuantityNotPositive, "quantity"),
        ({"quantity": "-2"}, errors.QuantityNotPositive, "quantity"),
        ({"quantity": "two"}, errors.AmountFormat, "quantity"),
        ({"quantity": "0.00001"}, errors.TooManyDecimals, "quantity"),
        ({"order_date": "2026-13-01"}, errors.DateUnreadable, "order_date"),
        ({"paid_on": "yesterday"}, errors.DateUnreadable, "paid_on"),
        ({"paid": "perhaps"}, errors.AmountFormat, "paid"),
        ({"paid": "1"}, errors.PaidUnclear, "paid"),
        ({"paid": "-1.00"}, errors.AmountNegative, "paid"),
        ({"customer_email": "not an address"}, errors.EmailUnreadable, "customer_email"),
        ({"order_number": "9" * 81}, errors.ValueTooLong, "order_number"),
        ({"item": "x" * 201}, errors.ValueTooLong, "item"),
        ({"item": "Paid with 4242 4242 4242 4242"}, errors.CardNumberTyped, "item"),
        ({"customer_name": "Acme 4242-4242-4242-4242"}, errors.CardNumberTyped, "customer_name"),
        ({"title": "4242424242424242"}, errors.CardNumberTyped, "title"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_with_its_column(
    values: dict[str, str], kind: type[DomainError], field: str
) -> None:
    with pytest.raises(kind) as refused:
        check_row(2, values, TERMS)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("text", "is_paid", "minor"),
    [
        ("yes", True, None),
        ("Y", True, None),
        ("TRUE", True, None),
        ("no", False, None),
        ("0", False, None),
        ("unpaid", False, None),
        ("12.50", True, 1250),
        ("1.00", True, 100),
        ("0.00", False, 0),
        ("", None, None),
    ],
)
def test_paid_is_a_word_or_an_amount(text: str, is_paid: bool | None, minor: int | None) -> None:
    row = check_row(2, {"paid": text} if text else {}, TERMS)

    assert (row.is_paid, row.paid_minor) == (is_paid, minor)


def test_what_is_not_said_is_one_piece_in_the_currency_of_the_file() -> None:
    row = check_row(7, {"amount": "5"}, TERMS)

    assert (row.line, row.quantity, row.currency, row.unit_price) == (7, Decimal(1), "USD", None)


@given(st.integers(0, 10**12))
def test_an_amount_written_plainly_is_read_exactly(minor: int) -> None:
    text = f"{minor // 100}.{minor % 100:02d}"

    assert check_row(2, {"amount": text}, TERMS).amount_minor == minor


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_every_date_is_read_back_from_each_of_its_forms(day: date) -> None:
    assert parse_day(day.isoformat(), day_first=False) == day
    assert parse_day(day.strftime("%d.%m.%Y"), day_first=False) == day
    assert parse_day(day.strftime("%d/%m/%Y"), day_first=True) == day
    assert parse_day(day.strftime("%m/%d/%Y"), day_first=False) == day


@given(
    st.dictionaries(
        st.sampled_from(["order_date", "quantity", "unit_price", "amount", "currency", "paid", "paid_on"]),
        st.text(min_size=1, max_size=30),
    )
)
def test_no_text_ends_in_anything_but_a_value_or_a_refusal(values: dict[str, str]) -> None:
    try:
        row = check_row(2, values, TERMS)
    except DomainError as refused:
        assert refused.field in values  # noqa: PT017 - any refusal is right, if it names its column
    else:
        assert row.quantity > 0
        assert row.amount_minor is None or row.amount_minor >= 0
