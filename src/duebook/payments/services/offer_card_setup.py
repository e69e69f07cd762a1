"""Offer a customer a link to put a card on file; the gateway hears of it when the customer opens the link."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from duebook.contacts.models import Contact
from duebook.domain.errors import ContactWithoutEmail
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.gateways.accounts_in_use import account_in_use
from duebook.payments import write_path
from duebook.payments.card_links import LIFETIME, hash_of, new_reference, new_token, token_of
from duebook.payments.models import CardSetup


@dataclass(frozen=True, slots=True)
class OfferedCard:
    """The offer, and the token of its link; ``repeated`` when this very request had made it before."""

    setup_id: int
    token: str
    expires_at: datetime
    repeated: bool = False


@transaction.atomic
def offer_card_setup(
    *,
    contact_id: int,
    request_key: str,
    actor: Actor,
    merchant_account_id: int | None = None,
    link_to_send: str = "",
) -> OfferedCard:
    """Make a link for the contact and the account, at first the default one; nothing is asked of a gateway.

    ``link_to_send`` is the link's address with PLACE for its token: given, the link is e-mailed by a job.
    Locks the contact. Records ``card.offered``. Raises NotFound, Forbidden, NoMerchantAccount,
    ContactWithoutEmail, KeyReused.
    """
    write_path.lock_contacts([contact_id])
    hashed = input_hash([contact_id, merchant_account_id, link_to_send])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        made = CardSetup.objects.get(pk=earlier.payload["setup_id"])
        return OfferedCard(made.pk, token_of(made), made.expires_at, repeated=True)
    actor.require(Right.MANAGE_CARDS)
    contact = _contact(contact_id)
    account = account_in_use(merchant_account_id)
    if link_to_send and not contact.email:
        raise ContactWithoutEmail(name=str(contact))
    reference = new_reference()
    token = new_token(reference)
    setup = CardSetup.objects.create(
        contact=contact,
        merchant_account=account,
        reference=reference,
        token_hash=hash_of(token),
        offered_by_id=actor.user_id,
        expires_at=timezone.now() + LIFETIME,
    )
    record_event(
        name="card.offered",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={"setup_id": setup.pk, "number": str(contact), "account": account.name},
    )
    if link_to_send:
        app.configure_task("email_card_link").defer(setup_id=setup.pk, link=link_to_send)
    return OfferedCard(setup.pk, token, setup.expires_at)


def _contact(contact_id: int) -> Contact:
    return row_by_id(Contact.objects, contact_id, "Contact", field="contact")
