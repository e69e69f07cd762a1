"""What Babel knows about a currency: how many decimals it has, and how a locale writes it."""

from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.core import get_global
from babel.numbers import (
    format_currency,
    get_currency_precision,
    get_decimal_symbol,
    get_group_symbol,
)

from duebook.domain.money import Money, parse_minor, to_decimal


def is_currency(code: str) -> bool:
    """Whether the text is the ISO 4217 code of a currency."""
    return code in get_global("all_currencies")


@lru_cache(maxsize=400)
def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


@lru_cache(maxsize=100)
def decimal_mark(locale: str) -> str:
    return get_decimal_symbol(Locale.parse(locale))


def parse_amount(text: str, currency: str, *, locale: str = "en_US") -> Money:
    """Money as a person types it. Raises AmountFormat, TooManyDecimals, AmountOutOfRange."""
    return Money(
        parse_minor(text, exponent(currency), decimal_mark=decimal_mark(locale)),
        currency,
    )


def format_figure(minor: int, currency: str, *, locale: str = "en_US") -> str:
    """The amount without a sign of the currency, with all its decimals: 1,200.00."""
    # By hand, with Babel's symbols: a page shows hundreds of figures, and Babel is fifteen times slower.
    group, mark = _symbols(locale)
    places = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    tail = f"{mark}{fraction:0{places}d}" if places else ""
    return f"{sign}{whole:,}".replace(",", group) + tail


@lru_cache(maxsize=100)
def _symbols(locale: str) -> tuple[str, str]:
    parsed = Locale.parse(locale)
    return get_group_symbol(parsed), get_decimal_symbol(parsed)


def format_money(money: Money, *, locale: str = "en_US") -> str:
    """The amount with the currency's sign as the locale writes it: $1,200.00."""
    value: Decimal = to_decimal(money.minor, exponent(money.currency))
    return format_currency(value, money.currency, locale=locale)
