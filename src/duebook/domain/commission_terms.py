"""The terms of an order's commissions, frozen when it gets its partners.

A change of a program, a partner or an override afterwards changes no old order: its claims are computed from
these terms whenever its items change, until someone recalculates it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from duebook.domain.commission_base import SoldLine, line_bases
from duebook.domain.commission_rules import (
    Claim,
    Override,
    PartnerRole,
    PartnerTerms,
    PayoutType,
    ProgramTerms,
    Rate,
    RuleTerms,
    claims_of_order,
)


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """Who is on the order and every rule that could apply to it."""

    order_id: int
    currency: str
    assigned: Mapping[PartnerRole, int]
    partners: tuple[PartnerTerms, ...]
    programs: tuple[ProgramTerms, ...] = ()
    overrides: tuple[Override, ...] = ()
    everywhere: tuple[int, ...] = ()

    def claims(self, lines: Sequence[SoldLine]) -> list[Claim]:
        """What each partner can earn on these lines."""
        return claims_of_order(
            line_bases(lines),
            order_id=self.order_id,
            currency=self.currency,
            assigned=self.assigned,
            partners={partner.id: partner for partner in self.partners},
            programs=self.programs,
            overrides=self.overrides,
            everywhere=self.everywhere,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values that ``from_json`` reads back."""
        plain = asdict(self)
        plain["assigned"] = {role.value: partner_id for role, partner_id in self.assigned.items()}
        for program in plain["programs"]:
            program["members"] = sorted(program["members"])
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "OrderTerms":
        """The terms that ``as_json`` wrote."""
        return cls(
            order_id=plain["order_id"],
            currency=plain["currency"],
            assigned={PartnerRole(role): pk for role, pk in plain["assigned"].items()},
            partners=tuple(PartnerTerms(**partner) for partner in plain["partners"]),
            programs=tuple(_program(program) for program in plain["programs"]),
            overrides=tuple(_override(override) for override in plain["overrides"]),
            everywhere=tuple(plain["everywhere"]),
        )


def _program(plain: Mapping[str, Any]) -> ProgramTerms:
    fields = {
        **plain,
        "payout_type": PayoutType(plain["payout_type"]),
        "members": frozenset(plain["members"]),
        "rules": tuple(
            RuleTerms(**{**rule, "role": PartnerRole(rule["role"]), "rate": Rate(**rule["rate"])})
            for rule in plain["rules"]
        ),
    }
    return ProgramTerms(**fields)


def _override(plain: Mapping[str, Any]) -> Override:
    fields = {
        **plain,
        "role": PartnerRole(plain["role"]),
        "payout_type": PayoutType(plain["payout_type"]),
        "rate": Rate(**plain["rate"]),
    }
    return Override(**fields)
