"""A statement as PDF, set by typst in the way of a receipt: what people typed is placed as text only.

It is made for the partner, whoever asks for it: customers are named only where the business allows.
"""

from typing import Any

from babel import Locale
from django.utils.translation import gettext as _

from duebook.reports.receipt_pdf import LETTER_LANDS, compiled_with_logo
from duebook.reports.receipt_words import day_words, money_words
from duebook.reports.statement import Statement, StatementLine
from duebook.reports.statement_words import fact_words, line_words, note_words, role_words, title_words
from duebook.staff.models import Business

_WIDEST_WITH_NAMES, _WIDEST_WITHOUT_NAMES = 2, 3
"""Which column takes the space that is left: the customer's, or the one that says what happened."""


def statement_pdf(statement: Statement, business: Business) -> bytes:
    """The PDF file of the statement, with the business's name, address and logo."""
    return compiled_with_logo("statement.typ", statement_content(statement, business), business)


def statement_content(statement: Statement, business: Business) -> dict[str, Any]:
    """All that the file says, as its template gets it."""
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
        "columns": [
            *(_("Date"), _("Order")),
            *([_("Customer")] if business.partners_see_names else []),
            *(_("Role"), _("What"), _("Commission")),
        ],
        "widest": _WIDEST_WITH_NAMES if business.partners_see_names else _WIDEST_WITHOUT_NAMES,
        "rows": [_row(line, business) for line in statement.lines],
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


def _row(line: StatementLine, business: Business) -> list[str]:
    return [
        *(day_words(line.day, business), line.order),
        *([line.customer] if business.partners_see_names else []),
        *(role_words(line), line_words(line), money_words(line.amount, business)),
    ]
