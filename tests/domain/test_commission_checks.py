"""What a partner's code, its parents and a program's rules must keep."""

import pytest

from duebook.domain import errors
from duebook.domain.commission_checks import RuleInput, check_code, check_parent, check_rate, check_rules
from duebook.domain.commission_rules import PartnerRole, Rate

LEAD, SALE = PartnerRole.LEAD, PartnerRole.SALE


@pytest.mark.parametrize("code", ["DANA", "dana-1", "D123", "Dana_é"])
def test_a_code_starts_with_a_letter_and_has_four_characters(code: str) -> None:
    check_code(code)


@pytest.mark.parametrize("code", ["", "DAN", "1DANA", "DA NA", "-DANA", "D" * 41])
def test_another_code_is_refused(code: str) -> None:
    with pytest.raises(errors.CodeMalformed):
        check_code(code)


def test_a_partner_stands_neither_below_itself_nor_below_its_own_people() -> None:
    parent_of = {1: None, 2: 1, 3: 2}

    check_parent(3, 1, parent_of, "A")
    check_parent(None, 3, parent_of, "C")
    for parent in (1, 2, 3):
        with pytest.raises(errors.ParentLoop):
            check_parent(1, parent, parent_of, "X")


@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (Rate(-1), errors.PercentOutOfRange),
        (Rate(10001), errors.PercentOutOfRange),
        (Rate(0, -1, "USD"), errors.AmountNotPositive),
        (Rate(0, 100, "EUR"), errors.FixedAmountNeedsCurrency),
        (Rate(), errors.RateMissing),
    ],
)
def test_an_impossible_rate_is_refused(rate: Rate, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_rate(rate, "USD")


def test_a_rate_of_nothing_to_all_of_it_is_taken() -> None:
    check_rate(Rate(10000), "USD")
    check_rate(Rate(0, 1, "USD"), "USD")


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        ([], errors.ProgramNeedsRules),
        ([RuleInput(LEAD, 3, Rate(100))], errors.LevelAboveProgram),
        ([RuleInput(LEAD, 0, Rate(100))], errors.LevelAboveProgram),
        ([RuleInput(LEAD, 1, Rate(100)), RuleInput(LEAD, 1, Rate(200))], errors.RuleTwice),
        ([RuleInput(LEAD, 1, Rate(6000)), RuleInput(SALE, 1, Rate(4001))], errors.RatesAboveWhole),
        (
            [RuleInput(LEAD, 1, Rate(6000)), RuleInput(SALE, 1, Rate(5000), product_id=7)],
            errors.RatesAboveWhole,
        ),
    ],
)
def test_rules_that_cannot_stand_together_are_refused(rules: list[RuleInput], error: type[Exception]) -> None:
    with pytest.raises(error):
        check_rules(rules, levels=2, currency="USD")


def test_a_product_s_rule_takes_the_place_of_the_default() -> None:
    check_rules(
        [
            RuleInput(LEAD, 1, Rate(6000)),
            RuleInput(SALE, 1, Rate(4000)),
            RuleInput(SALE, 1, Rate(1000), product_id=7),
        ],
        levels=1,
        currency="USD",
    )
