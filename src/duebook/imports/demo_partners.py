"""The demo's referral partners: who they are, what the programs pay them, and what was paid out.

Made before the orders, so that each order brings its partners what the programs say; paid out after all
payments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from duebook.catalog.models import Product
from duebook.commissions.models import PayoutBatch
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.permissions import Actor
from duebook.partners.details import PartnerDetails, ProgramDetails
from duebook.partners.services.add_partner import add_partner
from duebook.partners.services.save_program import save_program
from duebook.partners.services.set_partner_overrides import OverrideInput, set_partner_overrides


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """A referral partner: the contact's key, the code, the parent's key, and how it is paid."""

    contact: str
    code: str
    parent: str | None = None
    active: bool = True
    payout_method: str = "bank"
    payout_details: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class DemoRule:
    """What a program pays; ``product`` by name, empty for all."""

    role: PartnerRole
    bps: int = 0
    level: int = 1
    fixed_minor: int = 0
    product: str = ""


@dataclass(frozen=True, slots=True)
class DemoProgram:
    """A program with its members by their contacts' keys."""

    name: str
    priority: int
    payout_type: PayoutType
    levels: int
    rules: tuple[DemoRule, ...]
    members: tuple[str, ...]
    notes: str = ""


HOLD_DAYS = 30
MINIMUM_MINOR = 500

PARTNERS = (
    DemoPartner("brandt", "BRANDT", payout_details="IBAN DE02 1203 0000 0000 2020 51"),
    DemoPartner("north", "NORTH", payout_details="Routing 021000021, account 4417 0093"),
    DemoPartner("ortiz", "LENA", parent="north", payout_method="check"),
    DemoPartner("quinn", "QUINN", notes="Met at the spring fair."),
    DemoPartner("holm", "HOLM", active=False, notes="Moved abroad in spring."),
)

PROGRAMS = (
    DemoProgram(
        "Brand launch",
        5,
        PayoutType.UP_FRONT,
        levels=1,
        rules=(DemoRule(PartnerRole.LEAD, fixed_minor=60_00, product="Brand guide"),),
        members=("brandt",),
        notes="60.00 for each brand guide, as soon as it is ordered.",
    ),
    DemoProgram(
        "Agency",
        10,
        PayoutType.ON_PAYMENT,
        levels=1,
        rules=(DemoRule(PartnerRole.SALE, 1000), DemoRule(PartnerRole.LEAD, 500)),
        members=("north",),
    ),
    DemoProgram(
        "Standard",
        20,
        PayoutType.ON_PAYMENT,
        levels=2,
        rules=(DemoRule(PartnerRole.LEAD, 500), DemoRule(PartnerRole.LEAD, 200, level=2)),
        members=("brandt", "ortiz", "quinn", "holm"),
    ),
)

OVERRIDES = {
    "ortiz": (OverrideInput(PartnerRole.SALE, Rate(bps=600), PayoutType.ON_PAYMENT, HOLD_DAYS, level=1),)
}


def add_partners_and_programs(
    *, contacts: Mapping[str, int], names: Mapping[str, str], currency: str, actor: Actor
) -> dict[str, int]:
    """Add the partners, programs and overrides; the partners' ids by their contacts' keys."""
    ids: dict[str, int] = {}
    for partner in PARTNERS:
        details = PartnerDetails(
            contact_id=contacts[partner.contact],
            name=names[partner.contact],
            code=partner.code,
            parent_id=ids[partner.parent] if partner.parent else None,
            active=partner.active,
            payout_method=partner.payout_method,
            payout_details=partner.payout_details,
            notes=partner.notes,
        )
        key = f"demo:partner:{partner.code}"
        ids[partner.contact] = add_partner(details=details, request_key=key, actor=actor).pk
    products = dict(Product.objects.values_list("name", "pk"))
    for program in PROGRAMS:
        save_program(
            program_id=None,
            details=ProgramDetails(
                name=program.name,
                priority=program.priority,
                payout_type=program.payout_type,
                hold_days=HOLD_DAYS,
                levels=program.levels,
                rules=tuple(_rule(rule, products, currency) for rule in program.rules),
                member_ids=frozenset(ids[member] for member in program.members),
                notes=program.notes,
            ),
            request_key=f"demo:program:{program.name}",
            actor=actor,
        )
    for key, overrides in OVERRIDES.items():
        set_partner_overrides(
            partner_id=ids[key],
            overrides=overrides,
            request_key=f"demo:overrides:{key}",
            actor=actor,
        )
    return ids


def pay_out(*, today: date, currency: str, builder: Actor, approver: Actor) -> None:
    """One batch that was paid some weeks ago, and one that waits for approval."""
    paid = _build(today - timedelta(days=48), 1, today, currency, builder)
    approve_payout_batch(batch_id=paid.pk, request_key="demo:payout:1:approve", actor=approver)
    pay_payout_batch(
        batch_id=paid.pk,
        paid_on=today - timedelta(days=45),
        method="Bank transfer",
        reference="Online banking, file 12",
        request_key="demo:payout:1:pay",
        actor=builder,
        on=today,
    )
    _build(today - timedelta(days=10), 2, today, currency, builder)


def _build(cut_off_on: date, number: int, today: date, currency: str, actor: Actor) -> PayoutBatch:
    return build_payout_batch(
        cut_off_on=cut_off_on,
        currency=currency,
        minimum_minor=MINIMUM_MINOR,
        request_key=f"demo:payout:{number}",
        actor=actor,
        on=today,
    )


def _rule(rule: DemoRule, products: Mapping[str, int], currency: str) -> RuleInput:
    return RuleInput(
        role=rule.role,
        level=rule.level,
        rate=Rate(bps=rule.bps, fixed_minor=rule.fixed_minor, currency=currency if rule.fixed_minor else ""),
        product_id=products[rule.product] if rule.product else None,
    )
