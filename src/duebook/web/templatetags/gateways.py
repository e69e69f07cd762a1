"""Tags that name merchant accounts. One in test mode says so wherever it is named."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import ObjectKind

register = template.Library()

_ABOUT = {
    ObjectKind.CHARGE.value: gettext_lazy("Charge"),
    ObjectKind.REFUND.value: gettext_lazy("Refund"),
    ObjectKind.DISPUTE.value: gettext_lazy("Dispute"),
    ObjectKind.SETUP.value: gettext_lazy("Card"),
    ObjectKind.SETTLEMENT.value: gettext_lazy("Settlement"),
    ObjectKind.OTHER.value: gettext_lazy("Message"),
}


@register.simple_tag
def mode_chip(account: MerchantAccount) -> SafeString:
    """``{% mode_chip account %}``: TEST, or LIVE where real money moves."""
    kind, text = ("live", gettext("LIVE")) if account.live else ("test", gettext("TEST"))
    return format_html('<span class="chip chip-{}">{}</span>', kind, text)


@register.simple_tag
def merchant_account(account: MerchantAccount) -> SafeString:
    """``{% merchant_account account %}``: its name with the chip. In an option, write ``{{ account }}``."""
    return format_html("{} {}", account.name, mode_chip(account))


@register.filter
def about_what(message: WebhookMessage) -> str:
    """``{{ message|about_what }}``: what a processor's message is about, in a word."""
    return str(_ABOUT[message.object_kind])
