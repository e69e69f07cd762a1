"""Why a commission is what it is: read from stored rows, told by the faces.

Nothing is reckoned anew: the total stands with its lines and rules, an entry with what of the invoice
released it before and after. What cannot be told from the rows is not told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from duebook.commissions.models import Accrual, CommissionEntry, PayoutBatch
from duebook.domain.commission_base import Exclusion, SoldLine, line_bases
from duebook.domain.commission_release import Counters, WhyNothing, release
from duebook.domain.commission_rules import PartnerRole, PayoutType, RuleSource, Silence
from duebook.domain.commission_steps import EntryCause


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One line of the order and what it brings; ``exact`` is in minor units before rounding.

    A line that brings nothing says why.
    """

    position: int
    description: str
    quantity: Decimal
    line_minor: int
    base_minor: int = 0
    source: RuleSource | None = None
    bps: int = 0
    fixed_minor: int = 0
    exact: Fraction = Fraction(0)
    why_not: Exclusion | Silence | None = None


@dataclass(frozen=True, slots=True)
class ExplainedPayout:
    """The live payout that holds an entry."""

    batch_id: int
    number: str
    state: PayoutBatch.States
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry with all that made it; amounts in minor units of ``currency``."""

    entry_id: int
    partner_id: int
    partner_name: str
    role: PartnerRole
    level: int
    program_id: int | None
    program_name: str
    payout_type: PayoutType
    hold_days: int
    currency: str
    order_id: int
    order: str
    invoice: str
    contact_name: str
    payment_id: int | None
    cause: EntryCause
    lines: tuple[ExplainedLine, ...]
    total_minor: int
    total_now_minor: int
    whole_minor: int
    part_before_minor: int
    part_after_minor: int
    earned_before_minor: int
    minor: int
    earned_after_minor: int
    entered_on: date
    payable_on: date
    payout: ExplainedPayout | None

    @property
    def has_changed_since(self) -> bool:
        """Whether the order's items or rules changed afterwards; ``lines`` stay those of the entry."""
        return self.total_minor != self.total_now_minor

    def is_held(self, on: date) -> bool:
        """Whether the hold is not over on that day."""
        return self.payout is None and on < self.payable_on


def explained_lines(
    sold: Sequence[SoldLine], frozen: Iterable[Mapping[str, Any]]
) -> tuple[ExplainedLine, ...]:
    """Each line of the order, with what an accrual's ``lines`` say of it; the rest says why it has no base.

    Lines of a partner that another program covers are left out: they belong to another accrual.
    """
    ruled = {line["position"]: line for line in frozen}
    found: list[ExplainedLine] = []
    for base in line_bases(sold):
        line = base.line
        start = ExplainedLine(line.position, line.description, line.quantity, line.line_minor)
        if base.excluded is not None:
            found.append(_with(start, why_not=base.excluded))
        elif line.position in ruled:
            found.append(_with(start, **_ruled(ruled[line.position])))
    return tuple(found)


def _with(line: ExplainedLine, **values: Any) -> ExplainedLine:
    return ExplainedLine(line.position, line.description, line.quantity, line.line_minor, **values)


def _ruled(frozen: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "base_minor": frozen["base_minor"],
        "source": RuleSource(frozen["source"]) if frozen["source"] else None,
        "bps": frozen["bps"],
        "fixed_minor": frozen["fixed_minor"],
        "exact": Fraction(frozen["exact"]),
        "why_not": Silence(frozen["silence"]) if frozen["silence"] else None,
    }


def explain(entry: CommissionEntry, payout: ExplainedPayout | None) -> Explanation:
    """The explanation of an entry; it was read with its basis, accrual, invoice, order, contact, program."""
    accrual = entry.accrual
    sold = [SoldLine.from_json(line) for line in entry.basis.sold]
    invoice = accrual.invoice
    return Explanation(
        entry_id=entry.pk,
        partner_id=entry.partner_id,
        partner_name=entry.partner.name,
        role=PartnerRole(accrual.role),
        level=accrual.level,
        program_id=accrual.program_id,
        program_name=accrual.program.name if accrual.program else "",
        payout_type=PayoutType(accrual.payout_type),
        hold_days=accrual.hold_days,
        currency=entry.currency,
        order_id=invoice.order_id,
        order=str(invoice.order),
        invoice=str(invoice),
        contact_name=invoice.contact.name,
        payment_id=entry.payment_id,
        cause=EntryCause(entry.cause),
        lines=explained_lines(sold, entry.basis.lines),
        total_minor=entry.total_minor,
        total_now_minor=accrual.total_minor,
        whole_minor=entry.whole_minor,
        part_before_minor=entry.part_before_minor,
        part_after_minor=entry.part_after_minor,
        earned_before_minor=entry.earned_after_minor - entry.amount_minor,
        minor=entry.amount_minor,
        earned_after_minor=entry.earned_after_minor,
        entered_on=entry.entered_on,
        payable_on=entry.payable_on,
        payout=payout,
    )


class SoFar(StrEnum):
    """Why an accrual has earned nothing yet, where no single payment can say it."""

    NO_RATE = "the rates come to nothing"
    NOT_PAID = "nothing has been paid yet"
    MONEY_BACK = "the money went back"


def why_nothing_so_far(accrual: Accrual, counters: Counters) -> SoFar | WhyNothing | Silence | None:
    """Why the accrual has earned nothing; None where it has, or where the partner left the order."""
    if accrual.earned_minor:
        return None
    if counters.dead:
        return WhyNothing.DEAD
    if accrual.silence:
        return Silence(accrual.silence) if accrual.silence in Silence.__members__.values() else None
    if not accrual.total_minor:
        return SoFar.NO_RATE
    if not counters.payable_minor:
        return WhyNothing.NOTHING_TO_PAY
    if accrual.payout_type == PayoutType.UP_FRONT:
        return SoFar.MONEY_BACK
    if not counters.counted_minor:
        return WhyNothing.SET_TO_NO if counters.uncounted_minor else SoFar.NOT_PAID
    released = release(accrual.total_minor, PayoutType.ON_PAYMENT, counters)
    return WhyNothing.TOO_SMALL if released.part else WhyNothing.FINANCE_CHARGE_FIRST
