"""Test cards: the number decides what becomes of a charge. Others are refused, real ones above all."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Behaviour(StrEnum):
    """What a card does when it is charged, or, the last, when it is saved."""

    APPROVES = "approves"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED = "expired_card"
    STOLEN = "stolen_card"
    NEVER_APPROVE = "never_approve"
    AUTHENTICATION = "authentication"
    REFUSED_WHEN_SAVED = "card_refused"


NUMBERS = {
    "4242424242424242": Behaviour.APPROVES,
    "4000000000009995": Behaviour.INSUFFICIENT_FUNDS,
    "4000000000000069": Behaviour.EXPIRED,
    "4000000000009979": Behaviour.STOLEN,
    "4000000000000341": Behaviour.NEVER_APPROVE,
    "4000002500003155": Behaviour.AUTHENTICATION,
    "4000000000000002": Behaviour.REFUSED_WHEN_SAVED,
}

DECLINES = {
    "insufficient_funds": "The card has insufficient funds.",
    "expired_card": "The card has expired.",
    "stolen_card": "The card was reported stolen.",
    "never_approve": "The card's bank will never approve this. Do not try again.",
    "card_refused": "The card's bank refused to save the card.",
    "authentication_failed": "The customer did not pass the authentication.",
}


class CardRefused(Exception):
    """What was typed is no card that can be saved; says why."""


@dataclass(frozen=True, slots=True)
class TypedCard:
    """A card as the customer typed it, without the number."""

    behaviour: Behaviour
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    fingerprint: str


def read_card(*, number: str, expiry: str, code: str, salt: str, now: datetime) -> TypedCard:
    """The card of the three fields. Raises CardRefused."""
    digits = re.sub(r"[ -]", "", number)
    if not re.fullmatch(r"[0-9]{12,19}", digits) or not passes_luhn(digits):
        raise CardRefused("This is not a card number.")
    if digits not in NUMBERS:
        raise CardRefused("This sandbox takes test cards only. No real card belongs here.")
    month, year = _expiry(expiry)
    if is_past(month, year, now):
        raise CardRefused("The card has expired.")
    if not re.fullmatch(r"[0-9]{3,4}", code.strip()):
        raise CardRefused("The security code has three or four digits.")
    return TypedCard(
        behaviour=NUMBERS[digits],
        brand="visa",
        last_four=digits[-4:],
        exp_month=month,
        exp_year=year,
        fingerprint=hmac.new(salt.encode(), digits.encode(), hashlib.sha256).hexdigest()[:32],
    )


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_past(month: int, year: int, now: datetime) -> bool:
    """Whether a card that is good through that month is no longer good."""
    return (year, month) < (now.year, now.month)


def _expiry(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*/\s*(?:20)?([0-9]{2})\s*", text)
    if found is None:
        raise CardRefused("Give the expiry as MM/YY.")
    return int(found[1]), 2000 + int(found[2])
