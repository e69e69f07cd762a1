"""The forms of payouts: what to take into a batch, why it is rejected, how it was paid."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from duebook.ledger.currencies import is_currency
from duebook.partners.models import Partner
from duebook.staff.models import Business
from duebook.web.forms.fields import DayField, FreeTextField, MoneyField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.receipts import EmailReceiptForm

_MOST_CODES = 20_000


class BuildPayoutForm(KeyedForm):
    """The cut-off, the minimum, and for whom; empty partners are all."""

    field_names = {"date": "cut_off_on"}

    cut_off_on = DayField(
        label=_("Cut-off"), help_text=_("Takes what is unpaid and past its hold on this day.")
    )
    minimum = MoneyField(
        label=_("Minimum payout"),
        required=False,
        help_text=_("A partner with less is carried forward to a later payout."),
    )
    partners = forms.CharField(
        label=_("Partners"),
        max_length=_MOST_CODES,
        required=False,
        help_text=_("Their codes, separated by spaces. Empty means all partners."),
    )
    currency = forms.CharField(label=_("Currency"), max_length=3, min_length=3)

    def __init__(self, business: Business, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._business = business
        if not self.is_bound:
            self.fields["currency"].initial = business.currency
        typed = self.data.get("currency", "").strip().upper() if self.is_bound else ""
        currency = typed if is_currency(typed) else business.currency
        field_of(self, "minimum", MoneyField).in_currency(currency, business)

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).strip().upper()
        if not is_currency(code):
            raise ValidationError(_("Enter the three letters of a currency, such as EUR."))
        return code

    def clean_minimum(self) -> int:
        minimum = self.cleaned_data["minimum"]
        if minimum is not None and minimum.minor < 0:
            raise ValidationError(_("A minimum is zero or more."))
        return minimum.minor if minimum is not None else 0

    def clean_partners(self) -> list[int] | None:
        codes = self.cleaned_data["partners"].split()
        if not codes:
            return None
        known = {code.lower(): pk for pk, code in Partner.objects.values_list("pk", "code")}
        unknown = [code for code in codes if code.lower() not in known]
        if unknown:
            raise ValidationError(
                _("There is no partner with the code %(code)s."), params={"code": ", ".join(unknown[:5])}
            )
        return sorted({known[code.lower()] for code in codes})


class ApproveForm(KeyedForm):
    """Nothing but the request key."""


class RejectForm(KeyedForm):
    reason = FreeTextField(label=_("Reason"), max_length=1000, widget=forms.Textarea({"rows": 2}))


class PayForm(KeyedForm):
    """How and when the money left."""

    field_names = {"date": "paid_on"}

    paid_on = DayField(label=_("Paid on"))
    method = forms.CharField(label=_("Method"), max_length=60)
    reference = FreeTextField(
        label=_("Reference"),
        required=False,
        max_length=100,
        help_text=_("What the bank statement shows, or the number of the file."),
    )


class EmailStatementForm(EmailReceiptForm):
    """Where the statement goes."""


class SendStatementsForm(KeyedForm):
    """Nothing but the request key."""
