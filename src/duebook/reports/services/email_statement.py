"""Send a partner's statement by e-mail, as text with the PDF attached."""

from dataclasses import dataclass

from django.db import transaction

from duebook.commissions.locks import lock_batch, require_state
from duebook.commissions.models import Payout, PayoutBatch
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.reports.queries.partner_statement import statement_of_payout
from duebook.reports.statement import Statement
from duebook.reports.statement_pdf import statement_pdf
from duebook.reports.statement_words import mail_text, title_words
from duebook.staff.mailing import checked_address, send_mail
from duebook.staff.models import Business


@dataclass(frozen=True, slots=True)
class EmailedStatement:
    """Where the statement went; ``repeated`` when this very request had sent it before."""

    number: str
    address: str
    repeated: bool = False


@transaction.atomic
def email_statement(
    *, payout_id: int, request_key: str, actor: Actor, address: str | None = None
) -> EmailedStatement:
    """Send the statement of an approved or paid payout to the address, or to the partner's own.

    Locks the batch, so that a request sent twice sends one message. Records ``statement.emailed``, which is
    undone when the mail server refuses.
    Raises NotFound, Forbidden, BatchState, NoEmailAddress, MailNotSent, KeyReused.
    """
    payout = row_by_id(Payout.objects, payout_id, "Statement")
    batch = lock_batch(payout.batch_id)
    hashed = input_hash({"payout_id": payout_id, "address": address})
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return EmailedStatement(earlier.payload["number"], earlier.payload["address"], repeated=True)
    actor.require(Right.CREATE_PAYOUTS)
    require_state(batch, PayoutBatch.States.APPROVED, PayoutBatch.States.PAID)
    statement = statement_of_payout(payout_id)
    to = checked_address(statement.email if address is None else address)
    record_event(
        name="statement.emailed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=statement.contact_id,
        payload={
            "payout_id": payout_id,
            "partner_id": statement.partner_id,
            "number": statement.number,
            "address": to,
        },
    )
    _send(statement, to)
    return EmailedStatement(statement.number, to)


def _send(statement: Statement, to: str) -> None:
    business = Business.objects.get(pk=1)
    send_mail(
        subject=f"{title_words(statement)} · {business.name}",
        text=mail_text(statement, business),
        to=to,
        sender=business,
        pdf=(f"statement-{statement.number}.pdf", statement_pdf(statement, business)),
    )
