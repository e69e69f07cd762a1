"""A statement in words: the same sentences for its page, its PDF and its e-mail."""

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext as _

from duebook.commissions.models import CommissionEntry, PayoutBatch
from duebook.partners.models import Referral
from duebook.reports.receipt_words import day_words, money_words
from duebook.reports.statement import Statement, StatementLine
from duebook.staff.models import Business


def title_words(statement: Statement) -> str:
    """Commission statement PO-12"""
    return _("Commission statement %(number)s") % {"number": statement.number}


def fact_words(
    statement: Statement, business: Business, *, day: Callable[[date, Business], str] = day_words
) -> list[tuple[str, str]]:
    """Name and value of what stands above the lines; ``day`` writes a date as the lines do."""
    facts = [
        (_("Partner code"), statement.code),
        (_("Commissions payable up to"), day(statement.cut_off_on, business)),
    ]
    if statement.paid_on:
        facts.append((_("Paid on"), day(statement.paid_on, business)))
        how = f"{statement.paid_method} {statement.paid_reference}".strip()
        facts.append((_("Paid by"), how))
    return facts


def note_words(statement: Statement) -> list[str]:
    """What must not be overlooked."""
    notes = []
    if statement.state == PayoutBatch.States.BUILT.value:
        notes.append(_("This payout waits for approval. It may still change."))
    if statement.state == PayoutBatch.States.REJECTED.value:
        notes.append(_("This payout was rejected. Nothing is paid by it."))
    if statement.has_late_lines:
        text = _(
            "Lines marked * are dated in a time that %(number)s had settled already. They were entered"
            " afterwards."
        )
        notes.append(text % {"number": statement.previous_number})
    return notes


def line_words(line: StatementLine) -> str:
    """Payment *; Order cancelled."""
    text = str(CommissionEntry.Causes(line.cause).label)
    return f"{text} *" if line.late else text


def role_words(line: StatementLine) -> str:
    """Lead; Sale, level 2."""
    role = str(Referral.Roles(line.role).label)
    if line.level == 1:
        return role
    return _("%(role)s, level %(level)s") % {"role": role, "level": line.level}


def mail_text(statement: Statement, business: Business) -> str:
    """The text of the e-mail that carries the statement."""
    values = {
        "name": statement.name,
        "amount": money_words(statement.total, business),
        "day": day_words(statement.paid_on or statement.cut_off_on, business),
        "number": statement.number,
    }
    paragraphs = [_("Dear %(name)s,") % values]
    if statement.paid_on:
        paragraphs.append(_("we paid you %(amount)s on %(day)s for your commissions (%(number)s).") % values)
    else:
        paragraphs.append(_("you get %(amount)s for your commissions up to %(day)s (%(number)s).") % values)
    paragraphs += note_words(statement)
    paragraphs.append(_("The statement with each commission is attached."))
    paragraphs.append(business.name)
    return "\n\n".join(paragraphs) + "\n"
