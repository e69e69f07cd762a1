"""Reading the statement of one partner in a payout batch."""

from typing import Any

from duebook.commissions.models import Payout
from duebook.commissions.payouts import unpaid
from duebook.domain.errors import NotFound
from duebook.domain.money import Money
from duebook.reports.queries.partner_payouts import LATE
from duebook.reports.queries.receipt import address_lines
from duebook.reports.queries.rows import all_rows
from duebook.reports.statement import Statement, StatementLine

_LINES = """
SELECT e.id, e.entered_on, '#' || r.number, c.name, a.role, a.level, e.cause, e.amount_minor,
       coalesce(e.entered_on <= before.cut_off_on AND e.recorded_at > before.built_at, false),
       coalesce('PO-' || before.number, '')
  FROM commissions_payout o
  LEFT JOIN LATERAL ({late}) AS before ON true
  JOIN commissions_payoutline l ON l.payout_id = o.id
  JOIN commissions_commissionentry e ON e.id = l.entry_id
  JOIN commissions_accrual a ON a.id = e.accrual_id
  JOIN invoices_invoice i ON i.id = a.invoice_id
  JOIN orders_order r ON r.id = i.order_id
  JOIN contacts_contact c ON c.id = r.contact_id
 WHERE o.id = %(payout_id)s
 ORDER BY e.entered_on, e.id
"""


def statement_of(*, batch_id: int, partner_id: int) -> Statement:
    """The statement of the partner as it stands now. Raises NotFound."""
    return _statement(Payout.objects.filter(batch=batch_id, partner=partner_id).first(), partner_id)


def statement_of_payout(payout_id: int) -> Statement:
    """The statement by its payout. Raises NotFound."""
    return _statement(Payout.objects.filter(pk=payout_id).first(), payout_id)


def _statement(found: Payout | None, asked: int) -> Statement:
    if found is None:
        raise NotFound(what="Statement", id=asked)
    payout = Payout.objects.select_related("batch", "partner__contact").get(pk=found.pk)
    batch, partner, contact = payout.batch, payout.partner, payout.partner.contact
    rows = all_rows(_LINES.format(late=LATE), {"payout_id": payout.pk})
    return Statement(
        payout_id=payout.pk,
        batch_id=batch.pk,
        number=str(batch),
        state=batch.state,
        partner_id=partner.pk,
        name=partner.name,
        code=partner.code,
        contact_id=contact.pk,
        email=contact.email,
        address=address_lines(contact),
        cut_off_on=batch.cut_off_on,
        paid_on=batch.paid_on,
        paid_method=batch.paid_method,
        paid_reference=batch.paid_reference,
        total=Money(payout.amount_minor, payout.currency),
        on_hold=Money(_open_minor(partner.pk, payout.currency), payout.currency),
        previous_number=rows[0][9] if rows else "",
        lines=tuple(_line(row, payout.currency) for row in rows),
    )


def _line(row: tuple[Any, ...], currency: str) -> StatementLine:
    entry_id, day, order, customer, role, level, cause, minor, late, _ = row
    return StatementLine(
        entry_id, day, order, customer, role, level, cause, Money(minor, currency), late=late
    )


def _open_minor(partner_id: int, currency: str) -> int:
    """What is earned and in no payout, by now."""
    rows = unpaid(currency).filter(partner=partner_id).values_list("amount_minor", flat=True)
    return sum(rows)
