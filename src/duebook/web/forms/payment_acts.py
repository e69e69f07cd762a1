"""The forms of what can be done with a payment that exists, and with credit on account."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.errors import DomainError
from duebook.domain.recording import Share
from duebook.payments.models import Payment
from duebook.web.forms.fields import DayField, FreeTextField, MoneyField, YesNoField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.payment_parts import PartsForm
from duebook.web.forms.payments import PaymentForm
from duebook.web.payment_scene import Due, Scene

_WHY = gettext_lazy("Say why: the reason is kept with the record.")


def reason_field() -> FreeTextField:
    """Why something is done; kept in the audit trail."""
    return FreeTextField(
        label=gettext_lazy("Reason"),
        max_length=500,
        error_messages={"required": _WHY},
        widget=forms.TextInput({"list": "reasons", "autocomplete": "off"}),
    )


class UndoForm(KeyedForm):
    reason = reason_field()


class ReturnForm(KeyedForm):
    """A bounced check, or a chargeback told by letter."""

    returned_on = DayField(
        label=gettext_lazy("Date"),
        error_messages={"required": gettext_lazy("Enter the day on which the bank took the money back.")},
    )
    reason = reason_field()
    fee = MoneyField(
        label=gettext_lazy("Bank fee"),
        required=False,
        help_text=gettext_lazy("What the bank charged for it, booked as bank fees."),
    )

    def __init__(self, scene: Scene, payment: Payment, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        day = self.fields["returned_on"].widget
        field_of(self, "fee", MoneyField).in_currency(payment.currency, scene.business)
        day.attrs |= {"max": scene.today.isoformat(), "min": payment.received_on.isoformat()}


class AmendForm(KeyedForm):
    """All that may change of a payment."""

    reference = FreeTextField(label=gettext_lazy("Reference"), max_length=100, required=False)
    notes = FreeTextField(
        label=gettext_lazy("Notes"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 4})
    )


class MoveForm(KeyedForm):
    """Where a part of a payment goes: to another invoice of the contact, or to credit on account."""

    field_names: ClassVar[dict[str, str]] = {"invoice": "to_invoice"}
    RELEASE = "credit"

    to_invoice = forms.ChoiceField(
        label=gettext_lazy("Move to"), error_messages={"required": gettext_lazy("Choose where it goes.")}
    )
    amount = MoneyField(
        label=gettext_lazy("Amount"), error_messages={"required": gettext_lazy("Enter an amount.")}
    )

    def __init__(self, scene: Scene, currency: str, dues: Sequence[Due], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field_of(self, "amount", MoneyField).in_currency(currency, scene.business)
        field_of(self, "to_invoice", forms.ChoiceField).choices = [
            ("", _("Choose")),
            *((str(due.id), scene.in_words(due)) for due in dues),
            (self.RELEASE, _("Credit on account")),
        ]

    def to_invoice_id(self) -> int | None:
        """The invoice; None releases it to credit on account."""
        chosen = self.cleaned_data["to_invoice"]
        return None if chosen == self.RELEASE else int(chosen)


class CreditForm(PartsForm):
    """Credit on account applied to invoices, an amount each."""

    apply_to_commissions = YesNoField(
        label=gettext_lazy("Apply to Commissions"),
        help_text=gettext_lazy("No leaves this out of the partners' commissions."),
        error_messages={"required": gettext_lazy("Choose Yes or No.")},
    )

    def __init__(self, scene: Scene, currency: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scene, self._currency = scene, currency
        self.offer_parts()

    @property
    def payment_currency(self) -> str:
        return self._currency

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.check_parts(data)
        if not self.errors and not self.parts():
            self.add_error(None, _("Enter an amount for at least one invoice."))
        return data

    def shares(self) -> tuple[Share, ...]:
        """What each invoice gets; those left empty get nothing."""
        return tuple(Share(pk, part) for pk, part in self.parts().items())


class CorrectionForm(PaymentForm):
    """The payment as it should have been, and why it was not."""

    reason = reason_field()

    def _field_of(self, error: DomainError) -> str | None:
        return "reason" if error.field == "reason" else super()._field_of(error)
