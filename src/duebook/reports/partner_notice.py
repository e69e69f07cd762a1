"""What a partner is told of a lead or a sale; ``customer`` is empty unless partners may see names."""

from dataclasses import dataclass

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.money import Money


@dataclass(frozen=True, slots=True)
class LeadNotice:
    """A contact is noted as referred by the partner."""

    name: str
    address: str
    customer: str


@dataclass(frozen=True, slots=True)
class SaleNotice:
    """An order names the partner; ``total`` is what the partner can earn on it in all roles and levels."""

    name: str
    address: str
    customer: str
    contact_id: int
    order: str
    roles: tuple[PartnerRole, ...]
    total: Money
