"""A statement as PDF, set by typst in the way of a receipt: what people typed is placed as text only."""

from typing import Any

from babel import Locale
from django.utils.translation import gettext as _

from duebook.reports.receipt_pdf import LETTER_LANDS, compiled_with_logo
from duebook.reports.receipt_words import day_words, money_words
from duebook.reports.statement import Statement
from duebook.reports.statement_words import fact_words, line_words, note_words, role_words, title_words
from duebook.staff.models import Business


def statement_pdf(statement: Statement, business: Business) -> bytes:
    """The PDF file of the statement, with the business's name, address and logo."""
    return compiled_with_logo("statement.typ", _content(statement, business), business)


def _content(statement: Statement, business: Business) -> dict[str, Any]:
    locale = Locale.parse(business.locale)
    return {
        "language": locale.language,
        "paper": "us-letter" if locale.territory in LETTER_LANDS else "a4",
        "title": title_words(statement),
        "business": business.name,
        "sender": [*business.address.splitlines(), business.email],
        "recipient": list(statement.address),
        "amount_label": _("Payout"),
        "amount": money_words(statement.total, business),
        "facts": [list(fact) for fact in fact_words(statement, business)],
        "notes": note_words(statement),
        "columns": [_("Date"), _("Order"), _("Customer"), _("Role"), _("What"), _("Commission")],
        "rows": [
            [
                day_words(line.day, business),
                line.order,
                line.customer,
                role_words(line),
                line_words(line),
                money_words(line.amount, business),
            ]
            for line in statement.lines
        ],
        "sums": [
            [label, money_words(amount, business)]
            for label, amount in (
                (_("Earned"), statement.earned),
                (_("Taken back"), statement.taken_back),
                (_("Payout"), statement.total),
            )
            if amount.minor
        ],
        "later": _("Earned and not yet in a payout: %(amount)s")
        % {"amount": money_words(statement.on_hold, business)}
        if statement.on_hold.minor
        else "",
        "logo": None,
    }
