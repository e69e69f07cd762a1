"""What happened to cards, charges and pay links, in sentences."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from duebook.payments.decline_words import decline_words
from duebook.staff.models import Business
from duebook.web.timeline.words import Payload, Told, amount_of, invoices_of
from duebook.web.words.charges import declined_words


def _about_card(sentence: Callable[[], str]) -> Told:
    def tell(payload: Payload, business: Business) -> str:
        names = ("number", "card", "account", "address")
        return sentence() % {name: payload.get(name, "") for name in names}

    return tell


def _card_added(payload: Payload, business: Business) -> str:
    sentence = (
        _("The customer entered %(card)s again.")
        if payload.get("known")
        else _("The customer put %(card)s on file.")
    )
    return sentence % {"card": payload.get("card", "")}


def _card_declined(payload: Payload, business: Business) -> str:
    return f"{_('A card was not saved.')} {decline_words(str(payload.get('decline', '')))}"


def _charge_prepared(payload: Payload, business: Business) -> str:
    return _("Charge %(number)s of %(amount)s to %(card)s begun.") % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
        "card": payload.get("card", ""),
    }


def _charge_recovered(payload: Payload, business: Business) -> str:
    return _(
        "Charge %(number)s of %(amount)s to %(card)s was missing from these books and was written down again,"
        " as the processor tells it."
    ) % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
        "card": payload.get("card", ""),
    }


def _charge_declined(payload: Payload, business: Business) -> str:
    sentence = _("Charge %(number)s of %(amount)s declined.") % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
    }
    return f"{sentence} {declined_words(str(payload.get('decline', '')))}"


def _of_pay_link(sentence: Callable[[], str]) -> Told:
    def tell(payload: Payload, business: Business) -> str:
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": amount_of(payload, business),
            "address": payload.get("address", ""),
            "invoices": invoices_of(payload.get("invoices", [])),
        }

    return tell


def _charge_not_performed(payload: Payload, business: Business) -> str:
    sentence = (
        _("Charge %(number)s of %(amount)s was called off, since less was owed by then. No card was charged.")
        if payload.get("called_off")
        else _("Charge %(number)s of %(amount)s was not carried out. No card was charged.")
    )
    return sentence % {"number": payload.get("number", ""), "amount": amount_of(payload, business)}


def _paid_by_link(payload: Payload, business: Business) -> str:
    paid = _("The customer paid %(amount)s by pay link: P-%(number)s.") % {
        "amount": amount_of(payload, business),
        "number": payload.get("number", ""),
    }
    if not payload.get("card_was_forgotten"):
        return paid
    lost = _(
        "The card was to be kept, but the processor had been told to forget it before the payment was known."
    )
    return f"{paid} {lost}"


SENTENCES: Mapping[str, Told] = {
    "card.offered": _about_card(lambda: _("Link to add a card made, for %(account)s.")),
    "card.link_sent": _about_card(lambda: _("Link to add a card sent to %(address)s.")),
    "card.added": _card_added,
    "card.declined": _card_declined,
    "card.made_default": _about_card(lambda: _("%(card)s made the default card.")),
    "card.deactivated": _about_card(lambda: _("%(card)s deactivated.")),
    "card.entered": _about_card(lambda: _("The customer entered %(card)s to pay by link.")),
    "card_link.withdrawn": _about_card(lambda: _("Link to add a card withdrawn.")),
    "pay_link.offered": _of_pay_link(lambda: _("Pay link made for %(invoices)s.")),
    "pay_link.sent": _of_pay_link(lambda: _("Pay link for %(invoices)s sent to %(address)s.")),
    "pay_link.withdrawn": _of_pay_link(lambda: _("Pay link for %(invoices)s withdrawn.")),
    "pay_link.paid": _paid_by_link,
    "link_payment.begun": _of_pay_link(lambda: _("The customer began to pay %(amount)s by pay link.")),
    "link_payment.ended": _of_pay_link(
        lambda: _("Nothing came of paying %(amount)s by pay link. No card was charged.")
    ),
    "charge.link_sent": _of_pay_link(
        lambda: _("Link to confirm charge %(number)s of %(amount)s sent to %(address)s.")
    ),
    "card_setup.cancelled": _about_card(
        lambda: _("A link to add a card was cancelled by the card processor.")
    ),
    "charge.prepared": _charge_prepared,
    "charge.recovered": _charge_recovered,
    "charge.declined": _charge_declined,
    "charge.not_performed": _charge_not_performed,
}
