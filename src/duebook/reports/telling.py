"""Tell a partner by e-mail of a contact referred or of an order that names the partner."""

from dataclasses import dataclass, field
from typing import Any

from duebook.domain.permissions import Actor
from duebook.events.services.record_event import record_event
from duebook.staff.mailing import send_mail
from duebook.staff.models import Business


@dataclass(frozen=True, slots=True)
class PartnerMessage:
    """To whom, what, and what it is about: the contact referred, the customer's order."""

    partner_id: int
    name: str
    address: str
    subject: str
    text: str
    contact_id: int
    order_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def tell_partner(
    message: PartnerMessage, *, business: Business, request_key: str, hashed: str, actor: Actor
) -> None:
    """Record ``partner.notified`` and send the message; the caller's transaction ends when it is refused.

    Raises MailNotSent.
    """
    record_event(
        name="partner.notified",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=message.contact_id,
        order_id=message.order_id,
        payload={
            "partner_id": message.partner_id,
            "name": message.name,
            "address": message.address,
            **message.facts,
        },
    )
    send_mail(
        subject=message.subject,
        text=message.text,
        to=message.address,
        sender=business,
    )
