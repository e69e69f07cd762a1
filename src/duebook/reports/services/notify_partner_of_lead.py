"""Tell a partner by e-mail that a contact is noted as referred by them."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.partners.models import Referral
from duebook.reports.partner_notice_words import lead_subject, lead_text
from duebook.reports.queries.partner_notice import lead_notice
from duebook.reports.telling import PartnerMessage, tell_partner
from duebook.staff.queries import business


@transaction.atomic
def notify_partner_of_lead(*, contact_id: int, partner_id: int, request_key: str, actor: Actor) -> bool:
    """Send the message, if the partner is still to be told; whether it was sent now.

    Locks the referrals, so that a request sent twice sends one message. Records ``partner.notified``, which
    is undone when the mail server refuses. Raises Forbidden, MailNotSent, KeyReused.
    """
    rows = Referral.objects.filter(contact=contact_id, partner=partner_id).order_by("pk")
    list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk"))
    hashed = input_hash([contact_id, partner_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return False
    actor.require(Right.MANAGE_PARTNERS)
    sender = business()
    notice = lead_notice(contact_id=contact_id, partner_id=partner_id, business=sender)
    if notice is None:
        return False
    message = PartnerMessage(
        partner_id=partner_id,
        name=notice.name,
        address=notice.address,
        subject=lead_subject(sender),
        text=lead_text(notice, sender),
        contact_id=contact_id,
    )
    tell_partner(message, business=sender, request_key=request_key, hashed=hashed, actor=actor)
    return True
