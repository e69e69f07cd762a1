"""Withdraw a pay link, such as one sent to a wrong address: it takes no payment any more."""

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.errors import PayLinkOver
from duebook.domain.pay_links import LinkState
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.models import PayLink
from duebook.payments.pay_links import invoices_of, link_by_id, lock_link, state_of


@transaction.atomic
def withdraw_pay_link(*, link_id: int, request_key: str, actor: Actor) -> None:
    """Withdraw the link; a charge that has begun by it goes on.

    Locks the link. Records ``pay_link.withdrawn``. Raises NotFound, Forbidden, PayLinkOver, KeyReused.
    """
    lock_link(link_id)
    hashed = input_hash(["withdraw pay link", link_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHARGE_CARDS)
    link = link_by_id(link_id)
    if state_of(link, []) in (LinkState.WITHDRAWN, LinkState.EXPIRED):
        raise PayLinkOver
    PayLink.objects.filter(pk=link_id).update(withdrawn_at=Now(), withdrawn_by_id=actor.user_id)
    record_event(
        name="pay_link.withdrawn",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=link.contact_id,
        payload={
            "link_id": link_id,
            "number": str(link),
            "invoices": [
                {"invoice_id": invoice.pk, "number": invoice.number} for invoice in invoices_of(link)
            ],
        },
    )
