"""Delete a referral partner that was entered by mistake."""

from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError

from duebook.domain.errors import PartnerHasEntries
from duebook.domain.permissions import Actor, Right
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.partners.models import Partner, PartnerOverride


@transaction.atomic
def delete_partner(*, partner_id: int, actor: Actor) -> None:
    """Delete a partner that nothing names. Records ``partner.deleted``.

    Raises Forbidden, NotFound, PartnerHasEntries (then it can be made inactive).
    """
    actor.require(Right.MANAGE_PARTNERS)
    partner = row_by_id(Partner.objects, partner_id, "Referral partner")
    payload = {"partner_id": partner_id, "name": partner.name, "code": partner.code}
    try:
        with transaction.atomic():
            PartnerOverride.objects.filter(partner=partner).delete()
            partner.programs.clear()
            partner.delete()
            # What came since the look for rows that name it is found now, and not at the commit.
            connection.check_constraints()
    except (RestrictedError, IntegrityError) as error:
        raise PartnerHasEntries(name=partner.name) from error
    record_event(name="partner.deleted", actor=actor, contact_id=partner.contact_id, payload=payload)
