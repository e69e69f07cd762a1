"""What a person enters of a partner and of a program."""

from dataclasses import dataclass

from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PayoutType
from duebook.partners.models import Partner


@dataclass(frozen=True, slots=True)
class PartnerDetails:
    """All that may be entered or changed of a partner."""

    contact_id: int
    name: str
    code: str
    parent_id: int | None = None
    active: bool = True
    notify_on_lead: bool = False
    notify_on_sale: bool = True
    payout_method: str = Partner.PayoutMethods.BANK
    payout_details: str = ""
    notes: str = ""
    global_override: bool = False


@dataclass(frozen=True, slots=True)
class ProgramDetails:
    """All that may be entered or changed of a program; ``member_ids`` are the partners in it."""

    name: str
    priority: int
    payout_type: PayoutType
    hold_days: int
    levels: int
    rules: tuple[RuleInput, ...]
    member_ids: frozenset[int] = frozenset()
    active: bool = True
    notes: str = ""
