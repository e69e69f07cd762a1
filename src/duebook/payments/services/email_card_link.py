"""Send a customer the link to put a card on file."""

from django.db import transaction
from django.utils.translation import gettext as _

from duebook.domain.errors import ContactWithoutEmail
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.card_links import LIFETIME, PLACE, check_open, token_of
from duebook.payments.card_reading import lock_setup, setup_by_id
from duebook.payments.models import CardSetup
from duebook.staff.mailing import letter, send_mail
from duebook.staff.models import Business
from duebook.staff.queries import business


@transaction.atomic
def email_card_link(*, setup_id: int, link: str, request_key: str, actor: Actor) -> bool:
    """Send the link to the contact's address; whether this request sent it.

    ``link`` is its address with PLACE for the token. Locks the offer, so that a request sent twice sends one
    message. Records ``card.link_sent``, which is undone when the mail server refuses. Raises NotFound,
    Forbidden, CardLinkOver, ContactWithoutEmail, MailNotSent, KeyReused.
    """
    lock_setup(setup_id)
    hashed = input_hash([setup_id, link])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return False
    actor.require(Right.MANAGE_CARDS)
    setup = setup_by_id(setup_id)
    check_open(setup)
    if not setup.contact.email:
        raise ContactWithoutEmail(name=str(setup.contact))
    record_event(
        name="card.link_sent",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=setup.contact_id,
        payload={"setup_id": setup_id, "number": str(setup.contact), "address": setup.contact.email},
    )
    _send(setup, link.replace(PLACE, token_of(setup)), business())
    return True


def _send(setup: CardSetup, link: str, sender: Business) -> None:
    paragraphs = [
        _("Hello %(name)s,") % {"name": setup.contact.name},
        _("%(business)s asks you to put a card on file, to pay what you owe or agree to pay.")
        % {"business": sender.name},
        _("Add it on this page:") + f"\n{link}",
        _(
            "You type the card's number at our card processor; we never see it. The link works for one card,"
            " within %(days)s days. If you did not expect it, leave it unused and tell us."
        )
        % {"days": LIFETIME.days},
        sender.name,
    ]
    send_mail(
        subject=_("Add your card · %(business)s") % {"business": sender.name},
        text=letter(*paragraphs),
        to=setup.contact.email,
        sender=sender,
    )
