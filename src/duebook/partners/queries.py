"""Reads of referral partners."""

from duebook.partners.models import Partner, Referral

MOST_OFFERED = 1000


def active_partners() -> list[Partner]:
    """Active partners by name, for a drop-down."""
    rows = Partner.objects.filter(status=Partner.Statuses.ACTIVE).only("id", "name", "code")
    return list(rows.order_by("name", "id")[:MOST_OFFERED])


def referrers_of(contact_id: int) -> dict[Referral.Roles, int]:
    """The partner in each role who brought the contact: the default for a new order. The newest counts."""
    rows = (
        Referral.objects.filter(contact_id=contact_id, partner__status=Partner.Statuses.ACTIVE)
        .order_by("role", "-since", "-id")
        .distinct("role")
        .values_list("role", "partner_id")
    )
    return {Referral.Roles(role): partner_id for role, partner_id in rows}
