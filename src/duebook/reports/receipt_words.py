"""A receipt in words: the same sentences for its PDF and its e-mail."""

from datetime import date

from babel.dates import format_date
from django.utils.translation import gettext as _

from duebook.domain.money import Money
from duebook.ledger.currencies import format_money
from duebook.reports.receipt import Receipt
from duebook.staff.models import Business


def money_words(amount: Money, business: Business) -> str:
    """$1,200.00"""
    return format_money(amount, locale=business.locale)


def day_words(day: date, business: Business) -> str:
    """November 23, 2026, as the locale writes a date in a letter."""
    return format_date(day, "long", locale=business.locale)


def title_words(receipt: Receipt) -> str:
    """Receipt P-12; a corrected one says so, an adjustment is none."""
    if not receipt.is_money:
        return _("Adjustment %(number)s") % {"number": receipt.number}
    if receipt.replaces:
        return _("Corrected receipt %(number)s") % {"number": receipt.number}
    return _("Receipt %(number)s") % {"number": receipt.number}


def note_words(receipt: Receipt, business: Business) -> list[str]:
    """What must not be overlooked: that it replaces another one, or does not stand as it was."""
    notes = []
    if receipt.replaces:
        notes.append(_("Replaces %(number)s, which is no longer valid.") % {"number": receipt.replaces})
    if receipt.undone_on:
        day = day_words(receipt.undone_on, business)
        notes.append(_("This payment was undone on %(day)s. It settles nothing.") % {"day": day})
    if receipt.replaced_by:
        notes.append(_("It was replaced by %(number)s.") % {"number": receipt.replaced_by})
    if receipt.returned_on:
        day = day_words(receipt.returned_on, business)
        notes.append(_("The bank took this payment back on %(day)s. It settles nothing.") % {"day": day})
    if receipt.disputed:
        amount = money_words(receipt.disputed, business)
        notes.append(
            _("%(amount)s of this payment is disputed at the bank, which has taken it back.")
            % {"amount": amount}
        )
    if receipt.refunded:
        amount = money_words(receipt.refunded, business)
        notes.append(_("%(amount)s of this payment was refunded.") % {"amount": amount})
    return notes


def balance_label(receipt: Receipt, business: Business) -> str:
    """Of which day the balances are: a receipt printed again later has those of then."""
    return _("Balance due on %(day)s") % {"day": day_words(receipt.as_of, business)}


def how_words(receipt: Receipt) -> str:
    """Check 4471, or the card that was charged: its payer knows that, not our name for the charge."""
    return receipt.card or f"{receipt.type_label} {receipt.reference}".strip()


def mail_text(receipt: Receipt, business: Business) -> str:
    """The text of the e-mail that carries the receipt."""
    values = {
        "name": receipt.name,
        "amount": money_words(receipt.amount, business),
        "day": day_words(receipt.received_on, business),
        "how": how_words(receipt),
    }
    paragraphs = [_("Dear %(name)s,") % values]
    if receipt.stands and receipt.is_money:
        paragraphs.append(_("thank you. We received %(amount)s on %(day)s (%(how)s).") % values)
    elif receipt.is_money:
        paragraphs.append(_("this is about your payment of %(amount)s of %(day)s (%(how)s).") % values)
    else:
        paragraphs.append(_("we lowered what you owe us by %(amount)s on %(day)s (%(how)s).") % values)
    paragraphs += note_words(receipt, business)
    paragraphs += _lines(receipt, business)
    paragraphs.append(_("The receipt is attached."))
    paragraphs.append(business.name)
    return "\n\n".join(paragraphs) + "\n"


def _lines(receipt: Receipt, business: Business) -> list[str]:
    lines = [
        _("%(invoice)s, %(title)s: %(applied)s applied, %(balance)s remains due.")
        % {
            "invoice": line.invoice,
            "title": line.title,
            "applied": money_words(line.applied, business),
            "balance": money_words(line.balance_due, business),
        }
        for line in receipt.lines
    ]
    if receipt.credit:
        credit = money_words(receipt.credit, business)
        lines.append(_("%(credit)s stays as credit on your account.") % {"credit": credit})
    return ["\n".join(lines)] if lines else []
