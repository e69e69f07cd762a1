"""Why a card was refused, in words that a customer and a clerk both understand."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duebook.gateways.protocol import DeclineClass

_WORDS: Mapping[str, str | Promise] = {
    DeclineClass.INSUFFICIENT_FUNDS.value: _("The bank says that the card has not enough money."),
    DeclineClass.EXPIRED.value: _("The bank says that the card has expired."),
    DeclineClass.STOLEN.value: _("The bank does not let this card be used."),
    DeclineClass.NEVER_APPROVE.value: _("The bank does not let this card be used."),
    DeclineClass.AUTHENTICATION_REQUIRED.value: _("The bank could not make sure that it was the cardholder."),
}


def decline_words(kind: str) -> str:
    """One sentence for a class of declines, as kept in ``decline_kind``."""
    return str(_WORDS.get(kind, _("The bank refused the card and does not say why.")))
