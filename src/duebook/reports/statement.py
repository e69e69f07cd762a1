"""What a statement says of a payout: which commissions one partner is paid for."""

from dataclasses import dataclass
from datetime import date

from duebook.domain.money import Money


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One commission entry in the payout; ``late`` when it belongs to a time settled by an earlier payout."""

    entry_id: int
    day: date
    order: str
    customer: str
    role: str
    level: int
    cause: str
    amount: Money
    late: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One partner's part of a payout batch. ``on_hold`` is earned and comes with a later payout."""

    payout_id: int
    batch_id: int
    number: str
    state: str
    partner_id: int
    name: str
    code: str
    contact_id: int
    email: str
    address: tuple[str, ...]
    cut_off_on: date
    paid_on: date | None
    paid_method: str
    paid_reference: str
    total: Money
    on_hold: Money
    previous_number: str
    lines: tuple[StatementLine, ...]

    @property
    def earned(self) -> Money:
        return self._sum(negative=False)

    @property
    def taken_back(self) -> Money:
        return self._sum(negative=True)

    @property
    def has_late_lines(self) -> bool:
        return any(line.late for line in self.lines)

    def _sum(self, *, negative: bool) -> Money:
        minor = sum(line.amount.minor for line in self.lines if (line.amount.minor < 0) is negative)
        return Money(minor, self.total.currency)
