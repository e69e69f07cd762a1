"""Money is a whole number of minor units with its currency.

Invariant: no float and no second currency ever enters a sum; 12.34 USD is ``Money(1234, "USD")``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import total_ordering

from duebook.domain.errors import (
    AmountFormat,
    AmountOutOfRange,
    CurrencyMismatch,
    TooManyDecimals,
)

MAX_MINOR = 10**15
"""The largest amount that a row may hold, in minor units; sums of 9,000 such rows still fit a bigint."""

_AS_TYPED = str.maketrans({"\u2019": "'", "\u060c": "'", "\u066c": "'", "\u2e41": "'", "\u066b": "."})
"""The marks of some locales as those on a keyboard: in Switzerland 1’234.50 is written for 1'234.50."""
_GROUPED = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f]\d{3})+")


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency (ISO 4217 code)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are a whole number, not {type(self.minor).__name__}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    def _minor_of(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(given=other.currency, expected=self.currency)
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._minor_of(other)

    def __bool__(self) -> bool:
        return self.minor != 0


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that all have the currency; zero of it when there are none."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def to_minor(value: Decimal, exponent: int) -> int:
    """Minor units of a decimal amount, rounded half-up away from zero: 0.125 at exponent 2 is 13."""
    return int(value.scaleb(exponent).to_integral_value(rounding=ROUND_HALF_UP))


def to_decimal(minor: int, exponent: int) -> Decimal:
    """The decimal amount of minor units: 1234 at exponent 2 is 12.34."""
    return Decimal(minor).scaleb(-exponent)


def parse_minor(text: str, exponent: int, *, decimal_mark: str = ".") -> int:
    """Minor units of an amount as a person types it: "1,234.50", "1'234.5" or "1234".

    A comma and a point both work as the decimal mark where the text leaves no doubt
    ("12,50" is twelve and a half, as is "12.50"); one mark before exactly three digits is a
    thousands mark unless it is ``decimal_mark``, that of the business's locale.

    Raises AmountFormat, TooManyDecimals, AmountOutOfRange.
    """
    plain = text.strip().translate(_AS_TYPED)
    if not plain or not re.fullmatch(r"[+-]?[\d.,' \u00a0\u202f]*\d[\d.,]*", plain):
        raise AmountFormat(text=text, example=_example(exponent, decimal_mark))
    mark = _decimal_mark(plain, exponent, decimal_mark.translate(_AS_TYPED))
    whole, _, fraction = plain.rpartition(mark) if mark else (plain, "", "")
    if mark == ",":
        whole = whole.replace(".", ",")
    if not re.fullmatch(r"[+-]?\d*", whole) and not _GROUPED.fullmatch(whole.replace(".", ",")):
        raise AmountFormat(text=text, example=_example(exponent, decimal_mark))
    if fraction and not fraction.isdigit():
        raise AmountFormat(text=text, example=_example(exponent, decimal_mark))
    significant = fraction.rstrip("0")
    if len(significant) > exponent:
        raise TooManyDecimals(text=text, decimals=exponent)
    digits = re.sub(r"[^\d]", "", whole) or "0"
    sign = -1 if plain.startswith("-") else 1
    # 16 digits are past the range whatever they are; this also bounds int() on hostile input
    if len(digits.lstrip("0")) > 16:
        raise AmountOutOfRange
    minor = sign * int(digits + significant.ljust(exponent, "0"))
    if abs(minor) > MAX_MINOR:
        raise AmountOutOfRange
    return minor


def _example(exponent: int, decimal_mark: str) -> str:
    """An amount as it may be typed: 1234.50 with two decimals, 1234 with none."""
    return f"1234{decimal_mark}{'5':0<{exponent}}" if exponent else "1234"


def _decimal_mark(plain: str, exponent: int, locale_mark: str) -> str:
    """Which mark ends the whole part; empty when the text has no fraction."""
    marks = [c for c in plain if c in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:
        return ""
    after = plain.rpartition(last)[2]
    before = re.sub(r"[+-]", "", plain.rpartition(last)[0])
    looks_grouped = len(after) == 3 and 1 <= len(before) <= 3 and before != "0"
    if looks_grouped and last != locale_mark:
        return ""
    if looks_grouped and exponent == 0:
        return ""
    return last
