"""Send a payment's receipt by e-mail, as text with the PDF attached."""

from dataclasses import dataclass

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.write_path import lock_payments
from duebook.reports.queries.receipt import receipt_of
from duebook.reports.receipt import Receipt
from duebook.reports.receipt_pdf import receipt_pdf
from duebook.reports.receipt_words import mail_text, title_words
from duebook.staff.mailing import checked_address, send_mail
from duebook.staff.models import Business


@dataclass(frozen=True, slots=True)
class EmailedReceipt:
    """Where the receipt went; ``repeated`` when this very request had sent it before."""

    number: str
    address: str
    repeated: bool = False


@transaction.atomic
def email_receipt(
    *, payment_id: int, request_key: str, actor: Actor, address: str | None = None
) -> EmailedReceipt:
    """Send the receipt to the address, or to the contact's own, as the payment stands now.

    Locks the payment, so that a request sent twice sends one message. Records ``receipt.emailed``, which is
    undone when the mail server refuses. Raises NotFound, Forbidden, NoEmailAddress, MailNotSent, KeyReused.
    """
    lock_payments([payment_id])
    hashed = input_hash({"payment_id": payment_id, "address": address})
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return EmailedReceipt(f"P-{earlier.payload['number']}", earlier.payload["address"], repeated=True)
    actor.require(Right.RECORD_PAYMENTS)
    receipt = receipt_of(payment_id)
    to = checked_address(receipt.email if address is None else address)
    record_event(
        name="receipt.emailed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=receipt.contact_id,
        payment_id=payment_id,
        payload={
            "payment_id": payment_id,
            "number": int(receipt.number.removeprefix("P-")),
            "address": to,
        },
    )
    _send(receipt, to)
    return EmailedReceipt(receipt.number, to)


def _send(receipt: Receipt, to: str) -> None:
    business = Business.objects.get(pk=1)
    title = title_words(receipt)
    send_mail(
        subject=f"{title} · {business.name}",
        text=mail_text(receipt, business),
        to=to,
        sender=business,
        pdf=(f"receipt-{receipt.number}.pdf", receipt_pdf(receipt, business)),
    )
