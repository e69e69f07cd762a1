"""Make a link by which a customer pays one invoice or several by card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from duebook.contacts.models import Contact
from duebook.domain.errors import ContactWithoutEmail
from duebook.domain.pay_links import LIFETIME, decide_link
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.gateways.accounts_in_use import account_in_use
from duebook.payments import write_path
from duebook.payments.card_links import hash_of, new_token, token_of
from duebook.payments.models import PayLink, PayLinkInvoice
from duebook.payments.pay_links import new_pay_reference
from duebook.payments.services.prepare_charge import account_terms
from duebook.payments.state import open_invoices


@dataclass(frozen=True, slots=True)
class OfferedPayLink:
    """The link and its token; ``repeated`` when this very request had made it before."""

    link_id: int
    token: str
    expires_at: datetime
    repeated: bool = False


@transaction.atomic
def offer_pay_link(
    *,
    contact_id: int,
    invoice_ids: Sequence[int],
    request_key: str,
    actor: Actor,
    merchant_account_id: int | None = None,
    link_to_send: str = "",
) -> OfferedPayLink:
    """Make a link for these invoices at the account, at first the default one; no gateway is asked.

    ``link_to_send`` is the link's address with PLACE for its token: given, the link is e-mailed by a job.
    Locks the contact. Records ``pay_link.offered``. Raises NotFound, Forbidden, NoMerchantAccount,
    ContactWithoutEmail, KeyReused and what ``decide_link`` raises.
    """
    write_path.lock_contacts([contact_id])
    wanted = sorted(set(invoice_ids))
    hashed = input_hash([contact_id, wanted, merchant_account_id, link_to_send])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        made = PayLink.objects.get(pk=earlier.payload["link_id"])
        return OfferedPayLink(made.pk, token_of(made), made.expires_at, repeated=True)
    actor.require(Right.CHARGE_CARDS)
    contact = row_by_id(Contact.objects, contact_id, "Contact", field="contact")
    account = account_in_use(merchant_account_id)
    invoices = open_invoices(wanted)
    currency = decide_link(contact_id, wanted, account=account_terms(account), invoices=invoices)
    if link_to_send and not contact.email:
        raise ContactWithoutEmail(name=str(contact))
    reference = new_pay_reference()
    token = new_token(reference)
    link = PayLink.objects.create(
        contact=contact,
        merchant_account=account,
        currency=currency,
        reference=reference,
        token_hash=hash_of(token),
        offered_by_id=actor.user_id,
        expires_at=timezone.now() + LIFETIME,
    )
    PayLinkInvoice.objects.bulk_create(PayLinkInvoice(link=link, invoice_id=one) for one in wanted)
    record_event(
        name="pay_link.offered",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={
            "link_id": link.pk,
            "number": str(link),
            "account": account.name,
            "invoices": [{"invoice_id": one, "number": invoices[one].number} for one in wanted],
        },
    )
    if link_to_send:
        app.configure_task("email_pay_link").defer(link_id=link.pk, link=link_to_send)
    return OfferedPayLink(link.pk, token, link.expires_at)
