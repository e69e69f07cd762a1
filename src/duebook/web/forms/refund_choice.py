"""The form that chooses the payments of which money goes back, and how much of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from duebook.domain.money import Money
from duebook.payments.models import Payment
from duebook.payments.queries import refundable
from duebook.staff.models import Business
from duebook.web.formats import figure
from duebook.web.forms.fields import MoneyField
from duebook.web.refund_turns import Turn


@dataclass(frozen=True, slots=True)
class Choice:
    """A payment, what can still go back of it, and the field for how much shall."""

    payment: Payment
    left: Money
    field: BoundField


class RefundChoiceForm(forms.Form):
    """An amount for each payment; an empty one leaves that payment as it is."""

    def __init__(self, payments: Sequence[Payment], business: Business, *args: Any) -> None:
        super().__init__(*args)
        self._payments = payments
        self._business = business
        for payment in payments:
            field = MoneyField(label=_("Give back of %(payment)s") % {"payment": payment}, required=False)
            self.fields[_name(payment)] = field
            field.in_currency(payment.currency, business)

    @property
    def choices(self) -> list[Choice]:
        return [Choice(payment, refundable(payment), self[_name(payment)]) for payment in self._payments]

    @property
    def turns(self) -> list[Turn]:
        """What was chosen, in the order of the list; call it only on a valid form."""
        amounts = [(payment.pk, self.cleaned_data[_name(payment)]) for payment in self._payments]
        return [Turn(pk, amount.minor) for pk, amount in amounts if amount]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for payment in self._payments:
            amount, left = data.get(_name(payment)), refundable(payment)
            if amount is not None and amount.minor > left.minor:
                most = figure(left, self._business)
                self.add_error(_name(payment), _("At most %(most)s can go back.") % {"most": most})
        if not self.errors and not any(data.values()):
            self.add_error(None, _("Enter how much goes back of at least one payment."))
        return data


def _name(payment: Payment) -> str:
    return f"amount_{payment.pk}"
