"""Send a partner the link to sign in with, if the address is that of a partner."""

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from duebook.contacts.models import Contact
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.partners.models import Partner
from duebook.partners.sign_in_tokens import LIFETIME_SECONDS, make_token
from duebook.staff.mailing import letter, send_mail
from duebook.staff.models import Business
from duebook.staff.queries import business

PLACE = "TOKEN"
"""What ``link`` has where the token goes."""


@transaction.atomic
def email_sign_in_link(*, email: str, link: str, request_key: str, actor: Actor) -> bool:
    """Send a link for each active partner whose contact has the address; whether anything was sent.

    A person who is several partners gets one message. Records ``partner.link_sent``, which is undone when the
    mail server refuses. Raises Forbidden, MailNotSent, KeyReused.
    """
    hashed = input_hash([email, link])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return False
    actor.require(Right.MANAGE_PARTNERS)
    found = _partners_at(email)
    if not found:
        return False
    record_event(
        name="partner.link_sent",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=found[0].contact_id,
        payload={"partner_ids": [partner.pk for partner in found], "name": found[0].name},
    )
    _send(found, link, business())
    return True


def _partners_at(email: str) -> list[Partner]:
    """The active partners whose contact has the address, however its letters are written."""
    contacts = Contact.objects.exclude(email="").annotate(lower=Lower("email")).filter(lower=email.lower())
    rows = Partner.objects.filter(contact__in=contacts, status=Partner.Statuses.ACTIVE)
    return list(rows.select_related("contact").order_by("id"))


def _send(partners: list[Partner], link: str, sender: Business) -> None:
    links = [
        f"{partner.name} ({partner.code}):\n{link.replace(PLACE, make_token(partner.pk))}"
        for partner in partners
    ]
    paragraphs = [
        _("Hello %(name)s,") % {"name": partners[0].name},
        _("sign in to your partner pages of %(business)s with this link:") % {"business": sender.name},
        *links,
        _("It works once, within %(minutes)s minutes. If you did not ask for it, leave it unused.")
        % {"minutes": LIFETIME_SECONDS // 60},
        sender.name,
    ]
    send_mail(
        subject=_("Your link to sign in · %(business)s") % {"business": sender.name},
        text=letter(*paragraphs),
        # The address on record, not the one typed: they may differ in more than case to a mail server.
        to=partners[0].contact.email,
        sender=sender,
    )
