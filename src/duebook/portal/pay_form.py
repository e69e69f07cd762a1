"""What a customer chooses on a pay link: how much, and whether the card is kept."""

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy as _

from duebook.domain.card_numbers import holds_card_number
from duebook.domain.errors import CardNumberTyped, DomainError
from duebook.domain.money import Money
from duebook.ledger.currencies import format_figure, parse_amount
from duebook.payments.models import LinkPayment
from duebook.portal.pay_words import refusal_words
from duebook.staff.models import Business


def new_key() -> str:
    """A key that no other page has."""
    return secrets.token_urlsafe(16)


class PayForm(forms.Form):
    """The amount is at first all that is due, or what was chosen ``before``.

    ``key`` names the choice, so that sent twice it is one.
    """

    request_key = forms.CharField(max_length=40, widget=forms.HiddenInput, initial=new_key)
    amount = forms.CharField(
        max_length=40,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "class": "num"}),
        error_messages={"required": _("Enter how much you want to pay.")},
    )
    keep = forms.BooleanField(label=_("Keep this card for future payments"), required=False)

    def __init__(
        self,
        *args: Any,
        most: Money,
        is_for_several: bool,
        business: Business,
        before: LinkPayment | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._most, self._business = most, business
        amount, keep = self.fields["amount"], self.fields["keep"]
        amount.label = gettext("Amount to pay (%(currency)s)") % {"currency": most.currency}
        minor = most.minor if before is None else min(most.minor, before.amount_minor)
        amount.initial = format_figure(minor, most.currency, locale=business.locale)
        keep.initial = before is not None and before.keeps_card
        amount.help_text = (
            gettext("You can pay a part. It goes to what has been due longest.")
            if is_for_several
            else gettext("You can pay a part.")
        )
        keep.help_text = gettext(
            "%(name)s may then charge it for what you owe or agree to pay. You can have it removed any time."
        ) % {"name": business.name}

    def clean_amount(self) -> Money:
        typed = self.cleaned_data["amount"]
        if holds_card_number(typed):
            text = gettext("Never write a card's number here. You enter the card on the next page.")
            raise forms.ValidationError(text, code=CardNumberTyped.code)
        try:
            return parse_amount(typed, self._most.currency, locale=self._business.locale)
        except DomainError as error:
            raise forms.ValidationError(refusal_words(error, self._business), code=error.code) from error

    @property
    def key(self) -> str:
        """The key of this very choice: another amount on the same page is another choice."""
        keeps = "keep" if self.cleaned_data["keep"] else "once"
        return f"{self.cleaned_data['request_key']}:{self.cleaned_data['amount'].minor}:{keeps}"
