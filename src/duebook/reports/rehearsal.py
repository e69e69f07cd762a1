"""A rehearsed program between what a person entered, what is stored of it, and what the rules take."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, ProgramTerms, Rate, RuleTerms
from duebook.partners.details import ProgramDetails

# A program that is not saved yet comes after all others of its priority, as it would once saved.
_LAST_ID = 2**62


def details_as_json(details: ProgramDetails) -> dict[str, Any]:
    """Plain values that ``details_from_json`` reads back."""
    return {**asdict(details), "member_ids": sorted(details.member_ids)}


def details_from_json(plain: Mapping[str, Any]) -> ProgramDetails:
    """The details that ``details_as_json`` wrote."""
    fields = {
        **plain,
        "payout_type": PayoutType(plain["payout_type"]),
        "member_ids": frozenset(plain["member_ids"]),
        "rules": tuple(
            RuleInput(**{**rule, "role": PartnerRole(rule["role"]), "rate": Rate(**rule["rate"])})
            for rule in plain["rules"]
        ),
    }
    return ProgramDetails(**fields)


def terms_of_details(details: ProgramDetails, program_id: int | None) -> ProgramTerms:
    """The program as the rules would see it, were it saved."""
    return ProgramTerms(
        id=program_id or _LAST_ID,
        name=details.name,
        priority=details.priority,
        payout_type=details.payout_type,
        hold_days=details.hold_days,
        levels=details.levels,
        members=details.member_ids,
        rules=tuple(
            RuleTerms(number, rule.role, rule.level, rule.rate, rule.product_id)
            for number, rule in enumerate(details.rules, start=1)
        ),
    )
