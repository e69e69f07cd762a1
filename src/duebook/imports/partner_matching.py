"""Which partners an imported order brings: by the codes in the file, else those who referred its contact."""

from collections.abc import Collection
from dataclasses import dataclass

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.errors import PartnerCodeUnknown
from duebook.domain.order_import import ImportedOrder
from duebook.domain.order_row import Column
from duebook.partners.models import Partner
from duebook.partners.queries import referrers_of_many

_COLUMNS = {PartnerRole.LEAD: Column.LEAD_PARTNER, PartnerRole.SALE: Column.SALE_PARTNER}


@dataclass(frozen=True, slots=True)
class PartnerMatching:
    """The partners by code in small letters, and by contact those who referred it."""

    by_code: dict[str, int]
    referrers: dict[int, dict[PartnerRole, int]]

    def find(self, order: ImportedOrder, contact_id: int) -> dict[PartnerRole, int]:
        """The partners of the order; a role without one is left out. Raises PartnerCodeUnknown."""
        found = dict(self.referrers.get(contact_id, {}))
        for role, code in ((PartnerRole.LEAD, order.lead_partner), (PartnerRole.SALE, order.sale_partner)):
            if not code:
                continue
            if (partner_id := self.by_code.get(code.lower())) is None:
                raise PartnerCodeUnknown(field=_COLUMNS[role], code=code)
            found[role] = partner_id
        return {role: found[role] for role in PartnerRole if role in found}


def match_partners(*, contact_ids: Collection[int]) -> PartnerMatching:
    """Read the codes of all partners and who referred these contacts; two queries."""
    return PartnerMatching(
        by_code={code.lower(): pk for pk, code in Partner.objects.values_list("pk", "code")},
        referrers={
            contact_id: {PartnerRole(role): partner_id for role, partner_id in roles.items()}
            for contact_id, roles in referrers_of_many(contact_ids).items()
        },
    )
