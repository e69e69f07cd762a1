"""The form that makes a link by which a customer pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy

from duebook.gateways.models import MerchantAccount
from duebook.invoices.models import Invoice
from duebook.web.forms.cards import offer_accounts
from duebook.web.forms.fields import field_of
from duebook.web.forms.keyed import KeyedForm


class PayLinkForm(KeyedForm):
    """Which invoices, at which account; the button pressed says whether the link is e-mailed."""

    field_names: ClassVar[dict[str, str]] = {"merchant_account": "account", "invoice": "invoices"}

    invoices = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Invoices"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what the customer is to pay.")},
    )
    account = forms.TypedChoiceField(label=gettext_lazy("Merchant account"), coerce=int)
    send = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @dataclass(frozen=True, slots=True)
    class Choice:
        """An invoice as the form offers it."""

        invoice: Invoice
        is_chosen: bool

    def __init__(
        self,
        *args: Any,
        invoices: Sequence[Invoice],
        accounts: Sequence[MerchantAccount],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._offered = invoices
        choices = [(invoice.pk, str(invoice)) for invoice in invoices]
        field_of(self, "invoices", forms.TypedMultipleChoiceField).choices = choices
        offer_accounts(field_of(self, "account", forms.TypedChoiceField), accounts)

    @property
    def invoice_choices(self) -> list[Choice]:
        """The invoices, the longest due first."""
        chosen = {str(value) for value in self["invoices"].value() or ()}
        return [self.Choice(invoice, str(invoice.pk) in chosen) for invoice in self._offered]
