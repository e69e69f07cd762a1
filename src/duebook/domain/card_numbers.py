"""A card number in a text, so that none is ever written where texts are kept.

What counts is 13 to 19 digits with an issuer's first digits, that issuer's length and a right check digit:
a transfer id or an IBAN seldom has all three. 4242 4242 4242 4242 is one, 4242 4242 4242 4241 is none.
"""

import re
from collections.abc import Iterator

from duebook.domain.errors import CardNumberTyped

SHORTEST, LONGEST = 13, 19

_RUN = re.compile(r"\d+(?:[ \t._\u00a0\u2009\u202f\u2010-\u2013-]{1,2}\d+)*")
_GROUP = re.compile(r"\d+")

_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14, 16, 19})),  # Diners Club
    (36, 36, frozenset({14, 16, 19})),
    (38, 39, frozenset({14, 16, 19})),
    (3528, 3589, frozenset({16, 19})),  # JCB
    (6011, 6011, frozenset({16, 19})),  # Discover
    (644, 659, frozenset({16, 19})),
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (60, 60, frozenset({16})),  # RuPay
    (50, 50, frozenset({13, 14, 15, 16, 17, 18, 19})),  # Maestro
    (56, 58, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (63, 63, frozenset({16, 18, 19})),
    (67, 67, frozenset({16, 18, 19})),
)
"""The first digits from and to, and the lengths that such numbers have."""


def refuse_card_numbers(**texts: str) -> None:
    """Raise CardNumberTyped beside the first of the named texts that holds a card number."""
    for field, text in texts.items():
        if holds_card_number(text):
            raise CardNumberTyped(field=field)


def holds_card_number(text: str) -> bool:
    """Whether any part of the text reads like a card number, written in one or in groups."""
    return any(
        _is_card_number(digits) for run in _RUN.findall(text) for digits in _readings(_GROUP.findall(run))
    )


def _readings(groups: list[str]) -> Iterator[str]:
    """Each way to read neighbouring groups of digits as one number of a card's length."""
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > LONGEST:
                break
            if len(digits) >= SHORTEST:
                yield digits


def _is_card_number(digits: str) -> bool:
    return _has_issuer(digits) and passes_luhn(digits)


def _has_issuer(digits: str) -> bool:
    return any(
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths
        for first, last, lengths in _ISSUERS
    )


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10 == 0
