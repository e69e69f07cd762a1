"""What became of a payment by link, in words for its customer."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from duebook.domain.charging import ChargeState
from duebook.domain.errors import (
    AboveBalance,
    AmountNotPositive,
    BalanceChanged,
    CardExpired,
    ChargeUnderWay,
    DomainError,
    InvoicePaid,
    InvoiceVoid,
    MerchantAccountFenced,
    NothingToCharge,
    PayLinkOver,
    PayLinkPaymentOver,
)
from duebook.ledger.currencies import format_money
from duebook.payments.decline_words import decline_words
from duebook.payments.models import LinkPayment
from duebook.payments.pay_links import is_card_kept, is_card_lost
from duebook.staff.models import Business

_CHANGED = _("What is due has changed since you chose the amount.")
_PAUSED = _("Cards cannot be charged for a moment. Try again in a few minutes.")
_REFUSED: Mapping[str, str | Promise] = {
    InvoicePaid.code: _("This has been paid meanwhile."),
    InvoiceVoid.code: _("This has not to be paid any more."),
    BalanceChanged.code: _CHANGED,
    AboveBalance.code: _CHANGED,
    ChargeUnderWay.code: _("Another payment for the same invoice is under way."),
    PayLinkPaymentOver.code: _("It took too long to enter the card."),
    PayLinkOver.code: _("The link no longer works."),
    CardExpired.code: _("The card has expired."),
    MerchantAccountFenced.code: _PAUSED,
}
_TYPED: Mapping[str, str | Promise] = {
    AmountNotPositive.code: _("Enter an amount above zero."),
    MerchantAccountFenced.code: _PAUSED,
    NothingToCharge.code: _("Nothing can be paid just now. Reload the page."),
}
"""Where what staff are told does not fit."""

TOO_LATE = PayLinkPaymentOver.code


def why_not_paid(payment: LinkPayment) -> str:
    """Why no money was taken, in a sentence."""
    if payment.charge is not None and payment.charge.state == ChargeState.DECLINED.value:
        return decline_words(payment.charge.decline_kind)
    if was_called_off(payment):
        return gettext("This has been paid or settled in another way meanwhile, all or a part of it.")
    if payment.charge is not None:
        return gettext("The card processor could not be reached, or did not carry it out.")
    return why_refused(payment.refusal)


def was_called_off(payment: LinkPayment) -> bool:
    """Whether its charge was cancelled because its invoices were settled otherwise."""
    charge = payment.charge
    if charge is None or charge.state != ChargeState.NOT_PERFORMED.value:
        return False
    return charge.called_off_at is not None


def why_refused(code: str) -> str:
    """Why no card was charged at all, by the code of the refusal."""
    return str(_REFUSED.get(code, _("This card cannot be used here.")))


def card_words(payment: LinkPayment) -> str:
    """Whether the card is kept, in a sentence, once it has paid."""
    if is_card_kept(payment):
        return gettext("The card is kept for future payments.")
    if is_card_lost(payment):
        return gettext(
            "You wished the card to be kept. It was not known in time that you had paid, so the card"
            " processor had been told to forget it. You can enter it again next time."
        )
    return gettext("The card is not kept.")


def refusal_words(error: DomainError, business: Business) -> str:
    """What is wrong with what was typed, with amounts as the business writes them."""
    values = {
        name: format_money(value, locale=business.locale) if name in ("balance", "minimum") else value
        for name, value in error.values.items()
    }
    if error.code in _TYPED:
        return str(_TYPED[error.code])
    return gettext(error.message).format(**values)
