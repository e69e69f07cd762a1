"""A receipt as PDF, set by typst from a template that knows no words and runs nothing of what people typed.

All text reaches the template as plain data; the template places it as text, never as markup.
"""

import json
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from babel import Locale
from django.utils.translation import gettext as _

from duebook.reports.receipt import Receipt
from duebook.reports.receipt_words import (
    balance_label,
    day_words,
    how_words,
    money_words,
    note_words,
    title_words,
)
from duebook.staff.models import Business

_ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}
LETTER_LANDS = {"US", "CA", "MX"}


def receipt_pdf(receipt: Receipt, business: Business) -> bytes:
    """The PDF file of the receipt, with the business's name, address and logo."""
    return compiled_with_logo("receipt.typ", _content(receipt, business), business)


def compiled_with_logo(template: str, content: dict[str, Any], business: Business) -> bytes:
    """The PDF of a template in ``reports/typst`` filled with the content and the business's logo."""
    ending = _ENDINGS.get(business.logo_type)
    if not ending or not business.logo:
        return _compiled(template, content)
    try:
        return _compiled(template, content | {"logo": f"logo.{ending}"}, logo=bytes(business.logo))
    except typst.TypstError:
        # A picture that cannot be read must not keep a customer from the receipt.
        return _compiled(template, content)


def _compiled(template: str, content: dict[str, Any], *, logo: bytes = b"") -> bytes:
    """The PDF. typst reads files only below its root, here a folder that holds nothing else."""
    with TemporaryDirectory(prefix="duebook-pdf-") as name:
        folder = Path(name)
        (folder / template).write_bytes(files("duebook.reports").joinpath("typst", template).read_bytes())
        if logo:
            (folder / content["logo"]).write_bytes(logo)
        pdf: bytes = typst.compile(
            folder / template, root=folder, sys_inputs={"content": json.dumps(content)}
        )
    return pdf


def _content(receipt: Receipt, business: Business) -> dict[str, Any]:
    locale = Locale.parse(business.locale)
    facts = [
        [_("Date"), day_words(receipt.received_on, business)],
        [_("Payment Type"), how_words(receipt)],
    ]
    return {
        "language": locale.language,
        "paper": "us-letter" if locale.territory in LETTER_LANDS else "a4",
        "title": title_words(receipt),
        "business": business.name,
        "sender": [*business.address.splitlines(), business.email],
        "recipient": list(receipt.address),
        "amount_label": _("Amount received") if receipt.is_money else _("Amount taken off what is due"),
        "amount": money_words(receipt.amount, business),
        "facts": facts,
        "notes": note_words(receipt, business),
        "columns": [_("Invoice"), _("For"), _("Applied"), balance_label(receipt, business)],
        "rows": [
            [
                line.invoice,
                line.title,
                money_words(line.applied, business),
                money_words(line.balance_due, business),
            ]
            for line in receipt.lines
        ],
        "credit_label": _("Kept as credit on account"),
        "credit": money_words(receipt.credit, business) if receipt.credit else "",
        "logo": None,
    }
