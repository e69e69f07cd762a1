"""Which rule applies to whom, and what it comes to: the total T of each partner, role and level.

The order of precedence: an override on the order; an override for the partner; then the program with the
lowest priority number that covers the line, and in it the product's rule before the default.
Invariant: what one partner gets never depends on another, and T is fixed once with its rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from duebook.domain.commission_base import LineBase

WHOLE_BPS = 10_000
"""A rate of 100 % in basis points."""

MAX_LEVELS = 3


class PartnerRole(StrEnum):
    LEAD = "lead"
    SALE = "sale"


class PayoutType(StrEnum):
    """When a commission is earned (Keap: create a commission program)."""

    UP_FRONT = "up_front"
    ON_PAYMENT = "on_payment"


class RuleSource(StrEnum):
    """Which step of the order of precedence a rule comes from."""

    ORDER_OVERRIDE = "order override"
    PARTNER_OVERRIDE = "partner override"
    PROGRAM_PRODUCT = "product rule of the program"
    PROGRAM_DEFAULT = "default rule of the program"


@dataclass(frozen=True, slots=True)
class Rate:
    """A percentage in basis points and a fixed amount per unit in minor units of a currency."""

    bps: int = 0
    fixed_minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """A rule of a program: for a product, or (None) for all others."""

    id: int
    role: PartnerRole
    level: int
    rate: Rate
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramTerms:
    """A program with its rules and members."""

    id: int
    name: str
    priority: int
    payout_type: PayoutType
    hold_days: int
    levels: int
    members: frozenset[int]
    rules: tuple[RuleTerms, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A rate agreed for one partner, on one order or (order_id None) on all.

    It covers one product or all, one level or all, and says itself when it is earned.
    """

    id: int
    partner_id: int
    role: PartnerRole
    rate: Rate
    payout_type: PayoutType
    hold_days: int = 0
    order_id: int | None = None
    product_id: int | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class PartnerTerms:
    """A partner as the rules see it."""

    id: int
    name: str
    active: bool
    parent_id: int | None = None


class Silence(StrEnum):
    """Why a partner, or a whole order, earns nothing."""

    NO_PARTNER = "the order has no referral partner in this role"
    INACTIVE = "the partner was inactive"
    NO_PROGRAM = "no program covers this line for the partner"
    NO_RULE = "the program has no rule for this role and level"
    OTHER_CURRENCY = "the fixed amount is in another currency"
    NOTHING_SOLD = "nothing on the order counts for commissions"


@dataclass(frozen=True, slots=True)
class LineCommission:
    """What one line brings to one partner, role and level; ``exact`` is in minor units before rounding."""

    position: int
    base_minor: int
    source: RuleSource | None
    rate: Rate
    exact: Fraction
    program_id: int | None = None
    rule_id: int | None = None
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One partner in one role at one level of one order: its lines and the total T in minor units."""

    partner: PartnerTerms
    role: PartnerRole
    level: int
    payout_type: PayoutType
    hold_days: int
    total_minor: int
    lines: tuple[LineCommission, ...]
    program_id: int | None = None
    program_name: str = ""
    silence: Silence | None = None


def upline(first: int, partners: Mapping[int, PartnerTerms], levels: int = MAX_LEVELS) -> list[PartnerTerms]:
    """The partner, its parent and its grandparent, as far as they exist; a loop ends it."""
    chain: list[PartnerTerms] = []
    current: int | None = first
    while current is not None and current in partners and len(chain) < levels:
        partner = partners[current]
        if partner in chain:
            break
        chain.append(partner)
        current = partner.parent_id
    return chain


def claims_of_order(
    bases: Sequence[LineBase],
    *,
    order_id: int,
    currency: str,
    assigned: Mapping[PartnerRole, int],
    partners: Mapping[int, PartnerTerms],
    programs: Sequence[ProgramTerms],
    overrides: Sequence[Override],
    everywhere: Sequence[int] = (),
) -> list[Claim]:
    """The claim of each partner, role, level and kind of payout; those that earn nothing are among them.

    ``everywhere`` are the partners who earn on every order (Keap's global override), by their own overrides.

    A partner whose lines are covered by programs of both kinds has a claim of each kind.
    """
    claims: list[Claim] = []
    for role in PartnerRole:
        first = assigned.get(role)
        chain = upline(first, partners) if first is not None else []
        for level, partner in enumerate(chain, start=1):
            place = _Place(order_id, currency, role, level, partner, chain[0].id)
            claims += _claims(bases, place, programs, overrides)
        for partner_id in everywhere:
            partner = partners[partner_id]
            if partner_id != first and partner.active:
                place = _Place(order_id, currency, role, 1, partner, partner_id)
                claims += [c for c in _claims(bases, place, (), overrides) if c.silence is None]
    return claims


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rule that applies to a line for a partner, role and level."""

    source: RuleSource
    rate: Rate
    payout_type: PayoutType
    hold_days: int
    program_id: int | None
    program_name: str
    rule_id: int

    @property
    def group(self) -> tuple[PayoutType, int, int | None]:
        return self.payout_type, self.hold_days, self.program_id


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in an order a claim stands."""

    order_id: int
    currency: str
    role: PartnerRole
    level: int
    partner: PartnerTerms
    first_id: int


def _claims(
    bases: Sequence[LineBase],
    place: _Place,
    programs: Sequence[ProgramTerms],
    overrides: Sequence[Override],
) -> list[Claim]:
    sold = [base for base in bases if base.excluded is None]
    if not place.partner.active:
        return [_silent(place, Silence.INACTIVE)]
    if not sold:
        return [_silent(place, Silence.NOTHING_SOLD)]
    groups: dict[tuple[PayoutType, int, int | None], list[tuple[_Chosen, LineCommission]]] = {}
    silent: list[LineCommission] = []
    for base in sold:
        chosen = _choose(base, place, programs, overrides)
        if isinstance(chosen, Silence):
            silent.append(_nothing(base, chosen))
        elif chosen.rate.fixed_minor and chosen.rate.currency != place.currency:
            silent.append(_nothing(base, Silence.OTHER_CURRENCY))
        else:
            groups.setdefault(chosen.group, []).append((chosen, _line(base, chosen)))
    if not groups:
        return [_silent(place, silent[0].silence or Silence.NO_PROGRAM, silent)]
    return [_claim(place, members, silent) for members in groups.values()]


def _claim(
    place: _Place, members: Sequence[tuple[_Chosen, LineCommission]], silent: Sequence[LineCommission]
) -> Claim:
    chosen = members[0][0]
    lines = tuple(line for _, line in members)
    return Claim(
        partner=place.partner,
        role=place.role,
        level=place.level,
        payout_type=chosen.payout_type,
        hold_days=chosen.hold_days,
        total_minor=half_up(sum((line.exact for line in lines), Fraction(0))),
        lines=(*lines, *silent),
        program_id=chosen.program_id,
        program_name=chosen.program_name,
    )


def _choose(
    base: LineBase, place: _Place, programs: Sequence[ProgramTerms], overrides: Sequence[Override]
) -> _Chosen | Silence:
    """The first step of the order of precedence that has something to say."""
    for order_id, source in (
        (place.order_id, RuleSource.ORDER_OVERRIDE),
        (None, RuleSource.PARTNER_OVERRIDE),
    ):
        override = _override(base, place, order_id, overrides)
        if override is not None:
            return _Chosen(
                source, override.rate, override.payout_type, override.hold_days, None, "", override.id
            )
    return _from_program(base, place, programs)


def _override(
    base: LineBase, place: _Place, order_id: int | None, overrides: Sequence[Override]
) -> Override | None:
    """The override of that scope for the partner; one for the product or the level beats a general one."""
    fitting = [
        o
        for o in overrides
        if o.partner_id == place.partner.id
        and o.order_id == order_id
        and o.role is place.role
        and o.product_id in (None, base.line.product_id)
        and o.level in (None, place.level)
    ]
    return min(fitting, key=lambda o: (o.product_id is None, o.level is None, o.id), default=None)


def _from_program(base: LineBase, place: _Place, programs: Sequence[ProgramTerms]) -> _Chosen | Silence:
    """Level 1's program: the lowest priority number of those that cover the line."""
    mine = sorted(
        (program for program in programs if place.first_id in program.members),
        key=lambda program: (program.priority, program.id),
    )
    covering = [program for program in mine if _rules_for(base, program)]
    if not covering:
        return Silence.NO_PROGRAM
    program = covering[0]
    if place.level > program.levels:
        return Silence.NO_RULE
    rules = [r for r in _rules_for(base, program) if r.role is place.role and r.level == place.level]
    rule = min(rules, key=lambda r: (r.product_id is None, r.id), default=None)
    if rule is None:
        return Silence.NO_RULE
    source = RuleSource.PROGRAM_DEFAULT if rule.product_id is None else RuleSource.PROGRAM_PRODUCT
    return _Chosen(
        source, rule.rate, program.payout_type, program.hold_days, program.id, program.name, rule.id
    )


def _rules_for(base: LineBase, program: ProgramTerms) -> list[RuleTerms]:
    return [rule for rule in program.rules if rule.product_id in (None, base.line.product_id)]


def _line(base: LineBase, chosen: _Chosen) -> LineCommission:
    return LineCommission(
        position=base.line.position,
        base_minor=base.base_minor,
        source=chosen.source,
        rate=chosen.rate,
        exact=line_commission(base, chosen.rate),
        program_id=chosen.program_id,
        rule_id=chosen.rule_id,
    )


def _nothing(base: LineBase, why: Silence) -> LineCommission:
    return LineCommission(base.line.position, base.base_minor, None, Rate(), Fraction(0), silence=why)


def _silent(place: _Place, why: Silence, lines: Iterable[LineCommission] = ()) -> Claim:
    return Claim(
        place.partner, place.role, place.level, PayoutType.ON_PAYMENT, 0, 0, tuple(lines), silence=why
    )


def line_commission(base: LineBase, rate: Rate) -> Fraction:
    """Base times percentage plus fixed amount times quantity, exact, in minor units."""
    return Fraction(base.base_minor * rate.bps, WHOLE_BPS) + Fraction(base.line.quantity) * rate.fixed_minor


def half_up(exact: Fraction) -> int:
    """The whole minor units of an exact amount of zero or more, a half going up."""
    return int(exact + Fraction(1, 2))
