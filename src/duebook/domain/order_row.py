"""One row of an order file: each value checked by itself and turned into a plain one.

A value that cannot be right is refused with its column and the reason; none is guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import (
    AmountNegative,
    DateUnreadable,
    DomainError,
    EmailUnreadable,
    PaidUnclear,
    PriceNegative,
    QuantityNotPositive,
    UnknownCurrency,
    ValueTooLong,
)
from duebook.domain.money import parse_minor, to_decimal

QUANTITY_PLACES = 4
PRICE_PLACES = 6
_ONE = Decimal(1)


class Column(StrEnum):
    """The columns that an order file may have."""

    CUSTOMER_ID = "customer_id"
    CUSTOMER_NAME = "customer_name"
    CUSTOMER_EMAIL = "customer_email"
    ORDER_NUMBER = "order_number"
    ORDER_DATE = "order_date"
    DUE_DATE = "due_date"
    TITLE = "title"
    ITEM = "item"
    QUANTITY = "quantity"
    UNIT_PRICE = "unit_price"
    AMOUNT = "amount"
    CURRENCY = "currency"
    PAID = "paid"
    PAID_ON = "paid_on"
    PAYMENT_TYPE = "payment_type"
    LEAD_PARTNER = "lead_partner"
    SALE_PARTNER = "sale_partner"


_MOST_CHARACTERS = {
    Column.CUSTOMER_ID: 100,
    Column.CUSTOMER_NAME: 200,
    Column.CUSTOMER_EMAIL: 254,
    Column.ORDER_NUMBER: 80,
    Column.TITLE: 200,
    Column.ITEM: 200,
    Column.LEAD_PARTNER: 60,
    Column.SALE_PARTNER: 60,
}
_FREE_TEXTS = (Column.CUSTOMER_NAME, Column.TITLE, Column.ITEM)
_PAID = frozenset({"yes", "y", "true", "paid", "x"})
_UNPAID = frozenset({"no", "n", "false", "unpaid", "0"})
_PLAIN_AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ISO_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d.*)?")
_DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: \d.*)?")
_SLASHED_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: \d.*)?")


class CurrencyTerms(NamedTuple):
    """How many decimals a currency has, and the signs that may stand beside its amounts."""

    exponent: int
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """What reading a file depends on besides the file; ``on`` is the business's day."""

    currency: str
    currency_of: Callable[[str], CurrencyTerms | None]
    decimal_mark: str
    day_first: bool
    on: date
    closed_until: date | None


class Customer(NamedTuple):
    """Who ordered; at least one of the three is not empty."""

    external_id: str
    email: str
    name: str


class CheckedRow(NamedTuple):
    """One row with every value checked by itself; ``paid_minor`` is None for "all of it"."""

    line: int
    customer: Customer
    number: str
    ordered_on: date | None
    due_on: date | None
    title: str
    item: str
    quantity: Decimal
    unit_price: Decimal | None
    amount_minor: int | None
    currency: str
    is_paid: bool | None
    paid_minor: int | None
    paid_on: date | None
    payment_label: str
    lead_partner: str = ""
    sale_partner: str = ""


def check_row(line: int, values: Mapping[str, str], terms: ImportTerms) -> CheckedRow:
    """Check the values of one row; ``values`` holds those that are not empty, stripped, by column.

    Raises the subclass of Invalid that names the first thing wrong, with the column as its field.
    """
    value = values.get
    for column, most in _MOST_CHARACTERS.items():
        text = value(column)
        if text is not None and len(text) > most:
            raise ValueTooLong(field=column, name=column.value, length=len(text), most=most)
    refuse_card_numbers(**{column.value: value(column, "") for column in _FREE_TEXTS})
    currency = value(Column.CURRENCY, "").upper() or terms.currency
    money = terms.currency_of(currency)
    if money is None:
        raise UnknownCurrency(currency=currency)
    email = value(Column.CUSTOMER_EMAIL, "")
    if email and not _EMAIL.fullmatch(email):
        raise EmailUnreadable(text=email)
    quantity_text = value(Column.QUANTITY)
    price_text = value(Column.UNIT_PRICE)
    amount_text = value(Column.AMOUNT)
    is_paid, paid_minor = _read_paid(value(Column.PAID, ""), money, terms)
    return CheckedRow(
        line=line,
        customer=Customer(value(Column.CUSTOMER_ID, ""), email, value(Column.CUSTOMER_NAME, "")),
        number=value(Column.ORDER_NUMBER, ""),
        ordered_on=_read_date(value(Column.ORDER_DATE), Column.ORDER_DATE, terms),
        due_on=_read_date(value(Column.DUE_DATE), Column.DUE_DATE, terms),
        title=value(Column.TITLE, ""),
        item=value(Column.ITEM, ""),
        quantity=_ONE if quantity_text is None else _read_quantity(quantity_text, terms),
        unit_price=None if price_text is None else _read_price(price_text, money, terms),
        amount_minor=None if amount_text is None else _read_amount(amount_text, Column.AMOUNT, money, terms),
        currency=currency,
        is_paid=is_paid,
        paid_minor=paid_minor,
        paid_on=_read_date(value(Column.PAID_ON), Column.PAID_ON, terms),
        payment_label=value(Column.PAYMENT_TYPE, ""),
        lead_partner=value(Column.LEAD_PARTNER, ""),
        sale_partner=value(Column.SALE_PARTNER, ""),
    )


def _read_amount(text: str, column: Column, money: CurrencyTerms, terms: ImportTerms) -> int:
    # Most amounts are written so, and there is nothing to find out about them.
    if money.exponent == 2 and _PLAIN_AMOUNT.fullmatch(text):
        return int(text.replace(".", ""))
    minor = _parse(text, money.exponent, column, money, terms)
    if minor < 0:
        raise AmountNegative(field=column)
    return minor


def _read_quantity(text: str, terms: ImportTerms) -> Decimal:
    if text.isdecimal() and len(text) <= 9:
        quantity = Decimal(text)
    else:
        quantity = to_decimal(
            _parse(text, QUANTITY_PLACES, Column.QUANTITY, CurrencyTerms(QUANTITY_PLACES, ()), terms),
            QUANTITY_PLACES,
        )
    if quantity <= 0:
        raise QuantityNotPositive(field=Column.QUANTITY)
    return quantity


def _read_price(text: str, money: CurrencyTerms, terms: ImportTerms) -> Decimal:
    price = to_decimal(_parse(text, PRICE_PLACES, Column.UNIT_PRICE, money, terms), PRICE_PLACES)
    if price < 0:
        raise PriceNegative(field=Column.UNIT_PRICE)
    return price


def _parse(text: str, places: int, column: Column, money: CurrencyTerms, terms: ImportTerms) -> int:
    for sign in money.signs:
        if text.startswith(sign):
            text = text[len(sign) :].lstrip()
        elif text.endswith(sign):
            text = text[: -len(sign)].rstrip()
    try:
        return parse_minor(text, places, decimal_mark=terms.decimal_mark)
    except DomainError as error:
        error.field = column
        raise


def _read_paid(text: str, money: CurrencyTerms, terms: ImportTerms) -> tuple[bool | None, int | None]:
    """Whether it is paid (None when the row does not say), and how much where that is said."""
    if not text:
        return None, None
    word = text.lower()
    if word in _UNPAID:
        return False, None
    if word in _PAID:
        return True, None
    # A lone 1 is "yes" in one program's export and an amount in another's.
    if word == "1":
        raise PaidUnclear(text=text)
    minor = _read_amount(text, Column.PAID, money, terms)
    return minor > 0, minor


def _read_date(text: str | None, column: Column, terms: ImportTerms) -> date | None:
    if text is None:
        return None
    day = parse_day(text, day_first=terms.day_first)
    if day is None:
        raise DateUnreadable(field=column, text=text)
    return day


@lru_cache(maxsize=4096)
def parse_day(text: str, *, day_first: bool) -> date | None:
    """The date as files write it: 2026-11-23, 23.11.2026, and 11/23/2026 or 23/11/2026 by ``day_first``.

    A time of day behind it is ignored. None when it is no date, or before 1900.
    """
    if found := _ISO_DATE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DOTTED_DATE.fullmatch(text):
        day, month, year = found.groups()
    elif found := _SLASHED_DATE.fullmatch(text):
        day, month, year = found.groups() if day_first else (found[2], found[1], found[3])
    else:
        return None
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return read if read.year >= 1900 else None
