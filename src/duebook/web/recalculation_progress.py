"""How far the preview or the run of many recalculations came, between two requests.

It travels in the page, signed for the choice of orders it is about, so nothing is stored and nobody can make
up a figure. Whatever does not fit (another choice, an old page) starts over; a run is safe to start over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core import signing

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.rehearsal import Outcome, add_outcomes

REFUSALS_SHOWN = 20
_LIFETIME_SECONDS = 3600
_SALT = "duebook.web.recalculations"


@dataclass(slots=True)
class Progress:
    """``cursor`` is the last order that was looked at; the first refused orders keep their reasons.

    ``changing`` counts the orders that post something, ``sums`` has what each partner earned and would earn,
    by the partner's id and the currency.
    """

    cursor: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    more_refused: int = 0
    changing: int = 0
    sums: dict[tuple[int, str], Outcome] = field(default_factory=dict)

    @property
    def refused_count(self) -> int:
        return len(self.refused) + self.more_refused

    def add_steps(self, steps: Sequence[CommissionStep], currency: str) -> None:
        """Count what recalculating one order posts."""
        self.changing += any(step.minor for step in steps)
        for step in steps:
            if step.accrual.earned_minor or step.after.earned_minor:
                outcome = Outcome(step.accrual.earned_minor, step.after.earned_minor)
                add_outcomes(self.sums, currency, {step.accrual.partner_id: outcome})

    def add_refusal(self, order_id: int, text: str) -> None:
        """Keep why an order stays as it is."""
        if len(self.refused) < REFUSALS_SHOWN:
            self.refused.append((order_id, text))
        else:
            self.more_refused += 1

    def signed(self, about: str) -> str:
        """The progress as text for a hidden field; ``about`` says which choice of orders it belongs to."""
        sums = [
            [pk, currency, outcome.old_minor, outcome.new_minor]
            for (pk, currency), outcome in self.sums.items()
        ]
        plain = [about, self.cursor, self.refused, self.more_refused, self.changing, sums]
        return signing.dumps(plain, salt=_SALT, compress=True)

    @classmethod
    def from_signed(cls, text: str, about: str) -> "Progress":
        """What ``signed`` wrote, or the beginning."""
        try:
            signed_about, cursor, refused, more_refused, changing, sums = signing.loads(
                text, salt=_SALT, max_age=_LIFETIME_SECONDS
            )
        except signing.BadSignature:
            return cls()
        if signed_about != about:
            return cls()
        return cls(
            cursor=cursor,
            refused=[(order_id, words) for order_id, words in refused],
            more_refused=more_refused,
            changing=changing,
            sums={(pk, currency): Outcome(old, new) for pk, currency, old, new in sums},
        )
