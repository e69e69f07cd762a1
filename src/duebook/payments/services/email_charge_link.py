"""Send a customer the link to confirm a charge that their bank wants confirmed."""

from django.db import transaction
from django.utils.translation import gettext as _

from duebook.domain.charging import ChargeState
from duebook.domain.errors import (
    ChargeNeedsNoLink,
    ChargeNotWaiting,
    ContactWithoutEmail,
)
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.ledger.currencies import format_money
from duebook.payments.calling_off import is_to_be_called_off
from duebook.payments.models import Charge
from duebook.staff.mailing import letter, send_mail
from duebook.staff.models import Business
from duebook.staff.queries import business


@transaction.atomic
def email_charge_link(*, charge_id: int, request_key: str, actor: Actor) -> str:
    """Send the bank's page of a charge that needs the customer to the contact; returns the address.

    Locks the charge, so that a request sent twice sends one message. Records ``charge.link_sent``, which is
    undone when the mail server refuses. Raises NotFound, Forbidden, ChargeNotWaiting, ChargeNeedsNoLink,
    ContactWithoutEmail, MailNotSent, KeyReused.
    """
    list(Charge.objects.select_for_update(no_key=True, of=("self",)).filter(pk=charge_id).values_list("pk"))
    hashed = input_hash(["email charge link", charge_id])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return str(earlier.payload["address"])
    actor.require(Right.CHARGE_CARDS)
    charge = row_by_id(Charge.objects.select_related("contact"), charge_id, "Charge")
    if charge.state != ChargeState.REQUIRES_ACTION or is_to_be_called_off(charge_id):
        raise ChargeNotWaiting(number=str(charge))
    if not charge.action_url:
        raise ChargeNeedsNoLink(number=str(charge))
    if not charge.contact.email:
        raise ContactWithoutEmail(name=str(charge.contact))
    record_event(
        name="charge.link_sent",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=charge.contact_id,
        payload={
            "charge_id": charge_id,
            "number": str(charge),
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "address": charge.contact.email,
        },
    )
    _send(charge, business())
    return charge.contact.email


def _send(charge: Charge, sender: Business) -> None:
    amount = format_money(Money(charge.amount_minor, charge.currency), locale=sender.locale)
    paragraphs = [
        _("Hello %(name)s,") % {"name": charge.contact.name},
        _("your bank wants you to confirm a payment of %(amount)s by card to %(business)s.")
        % {"amount": amount, "business": sender.name},
        _("Confirm it on this page of the card processor:") + f"\n{charge.action_url}",
        _("Nothing is charged before you do. If you did not expect this, leave it and tell us."),
        sender.name,
    ]
    send_mail(
        subject=_("Confirm your payment · %(business)s") % {"business": sender.name},
        text=letter(*paragraphs),
        to=charge.contact.email,
        sender=sender,
    )
