"""Stripe's whole numbers and Duebook's: they count in the same unit for most currencies, not for all.

Duebook takes a currency's decimals from CLDR, Stripe from a list of its own, and RSD, ISK or UGX have none in
the one and two in the other: 500 RSD are ``Money(500, "RSD")`` and 50000 at Stripe.
https://docs.stripe.com/currencies
"""

from collections.abc import Mapping

from duebook.domain.money import Money
from duebook.gateways.protocol import NothingHappened
from duebook.ledger.currencies import exponent

WITHOUT_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
"""ISK and UGX are not here: Stripe has them without decimals and yet wants them in hundredths."""

WITH_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
"""The third decimal must be 0."""

SMALLEST_CHARGE: Mapping[str, int] = {
    currency: minor
    for minor, currencies in (
        (30, "GBP"),
        (50, "AUD BRL CAD CHF EUR INR JPY NZD SGD USD"),
        (200, "AED MYR PLN RON"),
        (250, "DKK"),
        (300, "NOK SEK"),
        (400, "HKD"),
        (1000, "MXN THB"),
        (1500, "CZK"),
        (17500, "HUF"),
    )
    for currency in currencies.split()
}
"""In minor units. Stripe decides by the currency in which it settles, so a charge above it may be refused."""


def stripe_exponent(currency: str) -> int:
    """How many decimals Stripe counts."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2


def to_stripe(money: Money) -> int:
    """The number that Stripe wants. Raises NothingHappened where Stripe cannot say that amount."""
    amount, rest = _rescale(money.minor, stripe_exponent(money.currency) - exponent(money.currency))
    if rest or (money.currency in WITH_THREE_DECIMALS and amount % 10):
        reason = f"Stripe takes no amount in {money.currency} as fine as this one."
        raise NothingHappened(reason, code="amount_too_fine")
    return amount


def from_stripe(amount: int, currency: str) -> Money:
    """Money of Stripe's number. Raises ValueError where Duebook's unit is too large for it: 0.50 RSD."""
    code = currency.upper()
    minor, rest = _rescale(amount, exponent(code) - stripe_exponent(code))
    if rest:
        raise ValueError(f"{amount} of Stripe's {code} is no whole number of minor units")
    return Money(minor, code)


def nearest(amount: int, currency: str) -> Money:
    """As ``from_stripe``, to the nearest minor unit and half away from zero: 12.50 ISK are 13.

    For what Stripe takes and pays by itself, fees and payouts: it counts parts of a krona, and nobody here
    can refuse them.
    """
    code = currency.upper()
    places = exponent(code) - stripe_exponent(code)
    if places >= 0:
        return from_stripe(amount, currency)
    unit: int = 10**-places
    minor = (abs(amount) + unit // 2) // unit
    return Money(minor if amount >= 0 else -minor, code)


def _rescale(amount: int, places: int) -> tuple[int, int]:
    """The amount with so many more decimals, and what fewer decimals cut off."""
    factor: int = 10 ** abs(places)
    return (amount * factor, 0) if places >= 0 else divmod(amount, factor)
