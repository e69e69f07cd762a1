"""The form that makes a link by which a customer pays."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.money import Money
from duebook.gateways.models import MerchantAccount
from duebook.invoices.models import Invoice
from duebook.staff.models import Business
from duebook.web.formats import figure, short_date
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

    def __init__(
        self,
        *args: Any,
        invoices: Sequence[Invoice],
        accounts: Sequence[MerchantAccount],
        business: Business,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        choices = [(invoice.pk, _told(invoice, business)) for invoice in invoices]
        field_of(self, "invoices", forms.TypedMultipleChoiceField).choices = choices
        offer_accounts(field_of(self, "account", forms.TypedChoiceField), accounts)


def _told(invoice: Invoice, business: Business) -> str:
    return _("%(number)s · %(title)s · due %(day)s · %(balance)s") % {
        "number": invoice,
        "title": invoice.order.title,
        "day": short_date(invoice.due_on, business),
        "balance": figure(Money(invoice.balance_due_minor, invoice.currency), business),
    }
