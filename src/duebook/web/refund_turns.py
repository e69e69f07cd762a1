"""Refunding several payments, one after the other: each is seen, decided and done on its own page.

What is still to come travels in the address, so that going back or leaving it loses nothing that was done.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

_TURN = re.compile(r"(\d{1,15}):(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Turn:
    """One payment, and how much of it is to go back in minor units."""

    payment_id: int
    minor: int


@dataclass(frozen=True, slots=True)
class Turns:
    """How much of this payment was chosen, if anything was, which come after it, and of how many it is."""

    minor: int | None
    following: tuple[Turn, ...]
    total: int

    @property
    def number(self) -> int:
        """Which of them this one is, the first being 1."""
        return self.total - len(self.following)

    @property
    def next_url(self) -> str:
        """The page of the next one; empty where this is the last."""
        return url_of(self.following, self.total) if self.following else ""


def url_of(turns: Sequence[Turn], total: int) -> str:
    """The refund page of the first of them, which knows of the others. Raises IndexError for none."""
    first, following = turns[0], turns[1:]
    query: dict[str, int | str] = {"amount": first.minor, "of": total}
    if following:
        query["then"] = ",".join(f"{turn.payment_id}:{turn.minor}" for turn in following)
    return f"{reverse('web:payment_refund', args=[first.payment_id])}?{urlencode(query)}"


def read_turns(request: HttpRequest) -> Turns:
    """What the address says; of an address that somebody changed, what can be read."""
    given = request.GET
    amount, total = given.get("amount", ""), given.get("of", "")
    found = [_TURN.fullmatch(part) for part in given.get("then", "").split(",")]
    following = tuple(Turn(int(match[1]), int(match[2])) for match in found if match)
    return Turns(
        minor=int(amount) if amount.isdecimal() and len(amount) < 16 else None,
        following=following,
        total=max(int(total) if total.isdecimal() and len(total) < 4 else 1, 1 + len(following)),
    )
