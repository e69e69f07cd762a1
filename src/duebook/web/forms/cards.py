"""The form that makes a link by which a customer puts a card on file."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from duebook.gateways.models import MerchantAccount
from duebook.web.forms.fields import field_of
from duebook.web.forms.keyed import KeyedForm


class CardLinkForm(KeyedForm):
    """At which account the card is kept; the button pressed says whether the link is e-mailed."""

    field_names: ClassVar[dict[str, str]] = {"merchant_account": "account"}

    account = forms.TypedChoiceField(label=gettext_lazy("Merchant account"), coerce=int)
    send = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, accounts: Sequence[MerchantAccount], **options: Any) -> None:
        super().__init__(*args, **options)
        offer_accounts(field_of(self, "account", forms.TypedChoiceField), accounts)


def offer_accounts(field: forms.TypedChoiceField, accounts: Sequence[MerchantAccount]) -> None:
    """Let one of the accounts be chosen, the first at first; a single one is not asked about."""
    field.choices = [
        (account.pk, account.name if account.live else _("%(name)s (TEST)") % {"name": account.name})
        for account in accounts
    ]
    if len(accounts) == 1:
        field.widget = forms.HiddenInput()
    field.initial = accounts[0].pk if accounts else None
