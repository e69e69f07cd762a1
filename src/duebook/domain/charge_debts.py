"""What a charge pays of which invoice, as a text that the gateway keeps with it.

    #2 57:10000 58:2500      the second attempt, 100.00 of invoice 57 and 25.00 of 58, in minor units

By it a charge is known again in books that were restored from a backup made before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duebook.domain.money import Money
from duebook.domain.recording import Share

LONGEST = 500
"""What a processor keeps in one value of an object's metadata: https://docs.stripe.com/metadata"""

_FORM = re.compile(r"#([1-9][0-9]{0,8})((?: [1-9][0-9]{0,17}:[1-9][0-9]{0,17})+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChargeDebts:
    """The number of the attempt, and by invoice the minor units that it pays, in the order of the text."""

    attempt: int
    minor_of: dict[int, int]

    def shares(self, currency: str) -> list[Share]:
        """What it pays of each invoice."""
        return [Share(invoice_id, Money(minor, currency)) for invoice_id, minor in self.minor_of.items()]


def debts_as_text(shares: Sequence[Share], *, attempt: int) -> str:
    """The text; empty where it would be longer than a processor keeps, and then nothing can be told by it."""
    text = " ".join([f"#{attempt}", *(f"{share.invoice_id}:{share.amount.minor}" for share in shares)])
    return text if len(text) <= LONGEST else ""


def debts_in(text: str) -> ChargeDebts | None:
    """What the text says; None where it is not one of ours."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    pairs = [part.split(":") for part in found[2].split()]
    minor_of = {int(invoice_id): int(minor) for invoice_id, minor in pairs}
    return ChargeDebts(int(found[1]), minor_of) if len(minor_of) == len(pairs) else None
