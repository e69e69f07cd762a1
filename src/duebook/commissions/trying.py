"""Try it: which rule applies to each line of an order, real or imagined, by the rules of today, and why.

It asks the same rules as an order that is placed, and writes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from duebook.commissions.queries import sold_lines
from duebook.commissions.terms_book import terms_now
from duebook.domain.commission_base import LineBase, SoldLine, line_bases
from duebook.domain.commission_rules import (
    Claim,
    LineCommission,
    PartnerRole,
    ProgramTerms,
    RuleSource,
    Silence,
)
from duebook.domain.commission_terms import OrderTerms
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind
from duebook.orders.models import Order

NO_ORDER = 0
"""The id of an imagined order; a real one never has it."""


class Verdict(StrEnum):
    """What a step of the order of precedence said about a line."""

    APPLIES = "applies"
    NONE = "there is none"
    NOT_COVERED = "does not cover the line"
    NO_RULE = "covers the line, but has no rule for the role and level"
    OTHER_CURRENCY = "applies, but its fixed amount is in another currency"
    LATER = "comes later"


@dataclass(frozen=True, slots=True)
class Considered:
    """One step of the order of precedence: an override, or a program by its name and priority."""

    source: RuleSource
    verdict: Verdict
    program_id: int | None = None
    program: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class TriedLine:
    """A line, what it brings, and how it came to that."""

    base: LineBase
    brings: LineCommission
    program: str
    steps: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class TriedClaim:
    """One partner, role and level; a partner whose lines are covered by two programs has two."""

    claim: Claim
    lines: tuple[TriedLine, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What an order would bring to whom."""

    currency: str
    bases: tuple[LineBase, ...]
    claims: tuple[TriedClaim, ...]
    vacant: tuple[PartnerRole, ...]

    @property
    def excluded(self) -> list[LineBase]:
        """The lines that have no base of their own."""
        return [base for base in self.bases if base.excluded is not None]

    @property
    def total_minor(self) -> int:
        return sum(tried.claim.total_minor for tried in self.claims)


def try_order(order: Order) -> Trial:
    """What the order would bring by the rules of today."""
    return _try(terms_now(order), sold_lines(order.pk))


def try_imagined(
    *,
    amount: Money,
    description: str,
    product_id: int | None = None,
    lead_partner_id: int | None = None,
    sale_partner_id: int | None = None,
) -> Trial:
    """What an order of one item of that amount would bring."""
    order = Order(
        pk=NO_ORDER,
        currency=amount.currency,
        lead_partner_id=lead_partner_id,
        sale_partner_id=sale_partner_id,
    )
    line = SoldLine(1, ItemKind.PRODUCT, product_id, description, Decimal(1), amount.minor)
    return _try(terms_now(order), [line])


def _try(terms: OrderTerms, sold: Sequence[SoldLine]) -> Trial:
    bases = tuple(line_bases(sold))
    by_position = {base.line.position: base for base in bases}
    claims = []
    for claim in terms.claims(sold):
        lines = [
            TriedLine(
                base=by_position[line.position],
                brings=line,
                program=claim.program_name if line.silence is None else "",
                steps=tuple(_steps(terms, claim, by_position[line.position], line)),
            )
            for line in claim.lines
        ]
        claims.append(TriedClaim(claim, tuple(lines)))
    vacant = tuple(role for role in PartnerRole if role not in terms.assigned)
    return Trial(terms.currency, bases, tuple(claims), vacant)


def _steps(terms: OrderTerms, claim: Claim, base: LineBase, line: LineCommission) -> Iterator[Considered]:
    """The order of precedence as the line went through it, down to what comes after the rule that applies."""
    fitting = Verdict.OTHER_CURRENCY if line.silence is Silence.OTHER_CURRENCY else Verdict.APPLIES
    chosen = line.source or _source_in_another_currency(terms, claim, base, line)
    for source in (RuleSource.ORDER_OVERRIDE, RuleSource.PARTNER_OVERRIDE):
        if chosen is source:
            yield Considered(source, fitting)
            return
        yield Considered(source, Verdict.NONE)
    decided = False
    for program in _programs_of(terms, claim):
        verdict = Verdict.LATER if decided else _verdict(program, claim, base, fitting)
        decided = decided or verdict is not Verdict.NOT_COVERED
        source = chosen if verdict is fitting and chosen is not None else RuleSource.PROGRAM_DEFAULT
        yield Considered(source, verdict, program.id, program.name, program.priority)


def _source_in_another_currency(
    terms: OrderTerms, claim: Claim, base: LineBase, line: LineCommission
) -> RuleSource | None:
    """A rule that was passed over for its currency does not stand in the line: it is looked for anew."""
    if line.silence is not Silence.OTHER_CURRENCY:
        return None
    for source, order_id in (
        (RuleSource.ORDER_OVERRIDE, terms.order_id),
        (RuleSource.PARTNER_OVERRIDE, None),
    ):
        for override in terms.overrides:
            if (
                override.partner_id == claim.partner.id
                and override.order_id == order_id
                and override.role is claim.role
                and override.product_id in (None, base.line.product_id)
                and override.level in (None, claim.level)
            ):
                return source
    return None


def _programs_of(terms: OrderTerms, claim: Claim) -> list[ProgramTerms]:
    """The programs of the partner at level 1: the levels above use them too."""
    first = terms.assigned.get(claim.role) if claim.level > 1 else claim.partner.id
    return sorted(
        (program for program in terms.programs if first in program.members),
        key=lambda program: (program.priority, program.id),
    )


def _verdict(program: ProgramTerms, claim: Claim, base: LineBase, fitting: Verdict) -> Verdict:
    covering = [rule for rule in program.rules if rule.product_id in (None, base.line.product_id)]
    if not covering:
        return Verdict.NOT_COVERED
    has_rule = claim.level <= program.levels and any(
        rule.role is claim.role and rule.level == claim.level for rule in covering
    )
    return fitting if has_rule else Verdict.NO_RULE
