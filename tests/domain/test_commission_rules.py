"""Bases, precedence and totals of commissions."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain.commission_base import Exclusion, LineBase, SoldLine, line_bases
from duebook.domain.commission_rules import (
    Claim,
    Override,
    PartnerRole,
    PartnerTerms,
    PayoutType,
    ProgramTerms,
    Rate,
    RuleSource,
    RuleTerms,
    Silence,
    claims_of_order,
    half_up,
    upline,
)
from duebook.domain.order_lines import ItemKind

LEAD, SALE = PartnerRole.LEAD, PartnerRole.SALE
DANA = PartnerTerms(1, "Dana", active=True, parent_id=2)
PARENT = PartnerTerms(2, "Pam", active=True, parent_id=3)
GRAND = PartnerTerms(3, "Gus", active=True)
PARTNERS = {partner.id: partner for partner in (DANA, PARENT, GRAND)}


def sold(position: int, minor: int, kind: ItemKind = ItemKind.PRODUCT, **fields: Any) -> SoldLine:
    values: dict[str, Any] = {"product_id": 10, "description": "x", "quantity": Decimal(1), **fields}
    return SoldLine(position=position, kind=kind, line_minor=minor, **values)


def rule(pk: int, bps: int = 0, *, role: PartnerRole = LEAD, level: int = 1, **fields: Any) -> RuleTerms:
    fixed = fields.pop("fixed", 0)
    return RuleTerms(pk, role, level, Rate(bps, fixed, fields.pop("currency", "USD")), **fields)


def program(*rules: RuleTerms, **fields: Any) -> ProgramTerms:
    values: dict[str, Any] = {
        "id": 1,
        "name": "Standard",
        "priority": 10,
        "payout_type": PayoutType.ON_PAYMENT,
        "hold_days": 30,
        "levels": 2,
        "members": frozenset({1}),
    }
    return ProgramTerms(rules=rules, **{**values, **fields})


def override(pk: int, bps: int, **fields: Any) -> Override:
    values: dict[str, Any] = {"partner_id": 1, "role": LEAD, "payout_type": PayoutType.UP_FRONT, **fields}
    return Override(id=pk, rate=Rate(bps), **values)


def claims(
    lines: list[SoldLine],
    *programs: ProgramTerms,
    overrides: list[Override] | None = None,
    assigned: dict[PartnerRole, int] | None = None,
    partners: dict[int, PartnerTerms] | None = None,
) -> list[Claim]:
    return claims_of_order(
        line_bases(lines),
        order_id=77,
        currency="USD",
        assigned=assigned or {LEAD: 1},
        partners=partners or PARTNERS,
        programs=programs,
        overrides=overrides or [],
    )


def test_a_discount_that_applies_is_spread_over_the_products() -> None:
    lines = [
        sold(1, 6000),
        sold(2, 4000),
        sold(3, -1000, ItemKind.DISCOUNT),
        sold(4, -500, ItemKind.DISCOUNT, apply_to_commissions=False),
        sold(5, 800, ItemKind.TAX),
        sold(6, 300, ItemKind.SHIPPING),
        sold(7, 200, ItemKind.FINANCE_CHARGE),
    ]

    assert [(base.base_minor, base.excluded) for base in line_bases(lines)] == [
        (5400, None),
        (3600, None),
        (0, Exclusion.DISCOUNT_TAKEN),
        (0, Exclusion.DISCOUNT_LEFT),
        (0, Exclusion.TAX),
        (0, Exclusion.SHIPPING),
        (0, Exclusion.FINANCE_CHARGE),
    ]


@given(
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=8),
    st.integers(min_value=0, max_value=10**10),
)
def test_no_base_is_below_zero_and_the_discount_is_spread_to_the_cent(
    amounts: list[int], discount: int
) -> None:
    lines = [sold(i, minor) for i, minor in enumerate(amounts, start=1)]
    lines.append(sold(99, -discount, ItemKind.DISCOUNT))

    bases: list[LineBase] = [base for base in line_bases(lines) if base.excluded is None]

    assert all(0 <= base.base_minor <= base.line.line_minor for base in bases)
    assert sum(base.base_minor for base in bases) == max(0, sum(amounts) - discount)


def test_each_level_gets_its_rate_of_level_one_s_program() -> None:
    got = claims([sold(1, 10000)], program(rule(1, 1000), rule(2, 500, level=2)))

    assert [(c.partner.name, c.level, c.total_minor) for c in got] == [
        ("Dana", 1, 1000),
        ("Pam", 2, 500),
        ("Gus", 3, 0),
    ]
    assert got[2].silence is Silence.NO_RULE


def test_an_inactive_parent_earns_nothing_and_nobody_moves_up() -> None:
    partners = {**PARTNERS, 2: PartnerTerms(2, "Pam", active=False, parent_id=3)}

    got = claims(
        [sold(1, 10000)],
        program(rule(1, 1000), rule(2, 500, level=2), rule(3, 100, level=3), levels=3),
        partners=partners,
    )

    assert [(c.level, c.total_minor, c.silence) for c in got] == [
        (1, 1000, None),
        (2, 0, Silence.INACTIVE),
        (3, 100, None),
    ]


ONLY_DANA = {1: PartnerTerms(1, "Dana", active=True)}
STANDARD = program(rule(1, 1000))
PRODUCT = program(rule(1, 1000), rule(2, 2000, product_id=10))
FIRST = program(rule(3, 300), id=2, name="First", priority=1)
OF_PARTNER, OF_ORDER = override(1, 4000), override(2, 5000, order_id=77)


@pytest.mark.parametrize(
    ("programs", "overrides", "source", "total"),
    [
        ([STANDARD], [], RuleSource.PROGRAM_DEFAULT, 1000),
        ([PRODUCT], [], RuleSource.PROGRAM_PRODUCT, 2000),
        ([PRODUCT, FIRST], [], RuleSource.PROGRAM_DEFAULT, 300),
        ([FIRST, PRODUCT], [OF_PARTNER], RuleSource.PARTNER_OVERRIDE, 4000),
        ([FIRST], [OF_PARTNER, OF_ORDER], RuleSource.ORDER_OVERRIDE, 5000),
        ([FIRST], [override(3, 5000, order_id=78)], RuleSource.PROGRAM_DEFAULT, 300),
        ([FIRST], [override(3, 5000, product_id=11)], RuleSource.PROGRAM_DEFAULT, 300),
        ([FIRST], [OF_PARTNER, override(3, 100, product_id=10)], RuleSource.PARTNER_OVERRIDE, 100),
        ([FIRST], [override(3, 5000, role=SALE)], RuleSource.PROGRAM_DEFAULT, 300),
    ],
)
def test_the_order_of_precedence(
    programs: list[ProgramTerms], overrides: list[Override], source: RuleSource, total: int
) -> None:
    (claim,) = claims([sold(1, 10000)], *programs, overrides=overrides, partners=ONLY_DANA)

    assert (claim.lines[0].source, claim.total_minor) == (source, total)


def test_a_fixed_amount_is_paid_for_each_unit() -> None:
    (claim,) = claims(
        [sold(1, 10000, quantity=Decimal("2.5"))], program(rule(1, 100, fixed=300)), partners=ONLY_DANA
    )

    assert claim.total_minor == 850


def test_a_fixed_amount_in_another_currency_earns_nothing_and_says_so() -> None:
    (claim,) = claims([sold(1, 10000)], program(rule(1, fixed=300, currency="EUR")), partners=ONLY_DANA)

    assert (claim.total_minor, claim.silence) == (0, Silence.OTHER_CURRENCY)


def test_a_partner_outside_every_program_earns_nothing_and_says_so() -> None:
    (claim,) = claims([sold(1, 10000)], program(rule(1, 100), members=frozenset()), partners=ONLY_DANA)

    assert claim.silence is Silence.NO_PROGRAM


def test_both_roles_may_be_one_partner() -> None:
    got = claims(
        [sold(1, 10000)],
        program(rule(1, 1000), rule(2, 300, role=SALE)),
        assigned={LEAD: 1, SALE: 1},
        partners=ONLY_DANA,
    )

    assert [(c.role, c.total_minor) for c in got] == [(LEAD, 1000), (SALE, 300)]


def test_the_sum_is_rounded_once_half_up() -> None:
    lines = [sold(1, 25), sold(2, 25)]

    (claim,) = claims(lines, program(rule(1, 100)), partners=ONLY_DANA)

    assert claim.total_minor == 1
    assert half_up(Fraction(1, 2)) == 1


def test_a_loop_of_parents_ends() -> None:
    partners = {
        1: PartnerTerms(1, "A", active=True, parent_id=2),
        2: PartnerTerms(2, "B", active=True, parent_id=1),
    }

    assert [partner.id for partner in upline(1, partners)] == [1, 2]


def test_no_partner_s_total_depends_on_another() -> None:
    lines = [sold(1, 9999)]
    rules = program(rule(1, 777), rule(2, 333, role=SALE), members=frozenset({1, 3}))
    alone = claims(lines, rules, assigned={LEAD: 1})

    together = claims(lines, rules, assigned={LEAD: 1, SALE: 3})

    assert together[: len(alone)] == alone
