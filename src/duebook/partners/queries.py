"""Reads of referral partners, their programs and whom they referred."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from duebook.events.rows import row_by_id
from duebook.partners.details import PartnerDetails
from duebook.partners.models import Partner, Program, Referral, Rule

MOST_OFFERED = 1000


def active_partners() -> list[Partner]:
    """Active partners by name, for a drop-down."""
    rows = Partner.objects.filter(status=Partner.Statuses.ACTIVE).only("id", "name", "code")
    return list(rows.order_by("name", "id")[:MOST_OFFERED])


def partners_to_offer(*also: int | None) -> list[Partner]:
    """Active partners by name for a drop-down, and those that stand there already, active or not."""
    offered = active_partners()
    missing = {pk for pk in also if pk is not None} - {partner.pk for partner in offered}
    if not missing:
        return offered
    more = Partner.objects.filter(pk__in=missing).only("id", "name", "code")
    return sorted([*offered, *more], key=lambda partner: (partner.name.lower(), partner.pk))


def partners_listed(text: str = "", status: str = "") -> QuerySet[Partner]:
    """Partners with contact and programs, whose name, code or contact's name contains the text."""
    programs = Program.objects.only("id", "name")
    rows = Partner.objects.select_related("contact").prefetch_related(Prefetch("programs", programs))
    if status:
        rows = rows.filter(status=status)
    part = text.replace("\x00", "").strip()
    if part:
        rows = rows.filter(
            Q(name__icontains=part) | Q(code__icontains=part) | Q(contact__name__icontains=part)
        )
    return rows


def partner_by_id(partner_id: int) -> Partner:
    """The partner with contact and parent. Raises NotFound."""
    return row_by_id(Partner.objects.select_related("contact", "parent"), partner_id, "Referral partner")


def details_of(partner: Partner) -> PartnerDetails:
    """The partner as it is, as if someone had entered it again."""
    return PartnerDetails(
        contact_id=partner.contact_id,
        name=partner.name,
        code=partner.code,
        parent_id=partner.parent_id,
        active=partner.status == Partner.Statuses.ACTIVE,
        notify_on_lead=partner.notify_on_lead,
        notify_on_sale=partner.notify_on_sale,
        payout_method=partner.payout_method,
        payout_details=partner.payout_details,
        notes=partner.notes,
        global_override=partner.global_override,
    )


def programs_in_order() -> list[Program]:
    """All programs, the one that wins first, each with its rules, their products and its members."""
    rules = Rule.objects.select_related("product").order_by("id")
    members = Partner.objects.only("id", "name", "code").order_by("name", "id")
    return list(
        Program.objects.order_by("-active", "priority", "id").prefetch_related(
            Prefetch("rules", rules), Prefetch("members", members)
        )
    )


def program_by_id(program_id: int) -> Program:
    """The program. Raises NotFound."""
    return row_by_id(Program.objects, program_id, "Program")


@dataclass(frozen=True, slots=True)
class ReferralShown:
    """A referral, and whether it gives new orders their partner today."""

    referral: Referral
    in_force: bool


def referrals_of(contact_id: int) -> list[ReferralShown]:
    """Who referred the contact, the newest first; one query."""
    rows = Referral.objects.filter(contact_id=contact_id).select_related("partner").order_by("-since", "-id")
    shown: list[ReferralShown] = []
    taken: set[str] = set()
    for row in rows:
        active = row.partner.status == Partner.Statuses.ACTIVE
        shown.append(ReferralShown(row, in_force=active and row.role not in taken))
        if active:
            taken.add(row.role)
    return shown


def referrers_of(contact_id: int) -> dict[Referral.Roles, int]:
    """The partner in each role who brought the contact: the default for a new order. The newest counts."""
    return referrers_of_many([contact_id]).get(contact_id, {})


def referrers_of_many(contact_ids: Collection[int]) -> dict[int, dict[Referral.Roles, int]]:
    """The same for many contacts, by contact; those whom nobody brought are left out. One query."""
    rows = (
        Referral.objects.filter(contact__in=contact_ids, partner__status=Partner.Statuses.ACTIVE)
        .order_by("contact_id", "role", "-since", "-id")
        .distinct("contact_id", "role")
        .values_list("contact_id", "role", "partner_id")
    )
    found: dict[int, dict[Referral.Roles, int]] = {}
    for contact_id, role, partner_id in rows:
        found.setdefault(contact_id, {})[Referral.Roles(role)] = partner_id
    return found
