"""Send a customer the link to pay."""

from django.db import transaction
from django.utils.translation import gettext as _

from duebook.domain.errors import ContactWithoutEmail, PayLinkOver
from duebook.domain.money import Money
from duebook.domain.pay_links import LIFETIME, LinkState
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.invoices.models import Invoice
from duebook.ledger.currencies import format_money
from duebook.payments.card_links import PLACE, token_of
from duebook.payments.models import PayLink
from duebook.payments.pay_links import dues_of, invoices_of, link_by_id, lock_link, state_of
from duebook.staff.mailing import letter, send_mail
from duebook.staff.models import Business
from duebook.staff.queries import business


@transaction.atomic
def email_pay_link(*, link_id: int, link: str, request_key: str, actor: Actor) -> bool:
    """Send the link to the contact's address; whether this request sent it.

    ``link`` is its address with PLACE for the token. Locks the link, so that a request sent twice sends one
    message. Records ``pay_link.sent``, which is undone when the mail server refuses. Raises NotFound,
    Forbidden, PayLinkOver, ContactWithoutEmail, MailNotSent, KeyReused.
    """
    lock_link(link_id)
    hashed = input_hash([link_id, link])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return False
    actor.require(Right.CHARGE_CARDS)
    offered = link_by_id(link_id)
    invoices = invoices_of(offered)
    if state_of(offered, dues_of(invoices)) not in (LinkState.OPEN, LinkState.UNDER_WAY):
        raise PayLinkOver
    if not offered.contact.email:
        raise ContactWithoutEmail(name=str(offered.contact))
    record_event(
        name="pay_link.sent",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=offered.contact_id,
        payload={
            "link_id": link_id,
            "number": str(offered),
            "address": offered.contact.email,
            "invoices": [{"invoice_id": invoice.pk, "number": invoice.number} for invoice in invoices],
        },
    )
    _send(offered, invoices, link.replace(PLACE, token_of(offered)), business())
    return True


def _send(offered: PayLink, invoices: list[Invoice], link: str, sender: Business) -> None:
    owed = [invoice for invoice in invoices if invoice.balance_due_minor]
    paragraphs = [
        _("Hello %(name)s,") % {"name": offered.contact.name},
        _("you can pay %(business)s by card for:") % {"business": sender.name},
        "\n".join(_line(invoice, sender) for invoice in owed),
        _("Pay on this page:") + f"\n{link}",
        _(
            "You type the card's number at our card processor; we never see it. The link works for %(days)s"
            " days. If you did not expect it, leave it unused and tell us."
        )
        % {"days": LIFETIME.days},
        sender.name,
    ]
    send_mail(
        subject=_("Pay by card · %(business)s") % {"business": sender.name},
        text=letter(*paragraphs),
        to=offered.contact.email,
        sender=sender,
    )


def _line(invoice: Invoice, sender: Business) -> str:
    amount = format_money(Money(invoice.balance_due_minor, invoice.currency), locale=sender.locale)
    return f"{invoice} · {invoice.order.title}: {amount}"
