"""Tell a partner by e-mail what an order can bring."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.orders.locks import lock_order
from duebook.reports.partner_notice_words import sale_subject, sale_text
from duebook.reports.queries.partner_notice import sale_notice
from duebook.reports.telling import PartnerMessage, tell_partner
from duebook.staff.queries import business


@transaction.atomic
def notify_partner_of_sale(*, order_id: int, partner_id: int, request_key: str, actor: Actor) -> bool:
    """Send the message, if the partner is still on the order and to be told; whether it was sent now.

    Locks the order, so that a request sent twice sends one message. Records ``partner.notified``, which is
    undone when the mail server refuses. Raises NotFound, Forbidden, MailNotSent, KeyReused.
    """
    lock_order(order_id)
    hashed = input_hash([order_id, partner_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return False
    actor.require(Right.MANAGE_PARTNERS)
    sender = business()
    notice = sale_notice(order_id=order_id, partner_id=partner_id, business=sender)
    if notice is None:
        return False
    message = PartnerMessage(
        partner_id=partner_id,
        name=notice.name,
        address=notice.address,
        subject=sale_subject(notice, sender),
        text=sale_text(notice, sender),
        contact_id=notice.contact_id,
        order_id=order_id,
        facts={
            "order_id": order_id,
            "number": notice.order,
            "total_minor": notice.total.minor,
            "currency": notice.total.currency,
        },
    )
    tell_partner(message, business=sender, request_key=request_key, hashed=hashed, actor=actor)
    return True
