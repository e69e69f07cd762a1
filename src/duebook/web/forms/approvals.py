"""The forms of what one person asks for and another decides."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.payments.models import OutcomeProposal
from duebook.web.forms.fields import DayField, FreeTextField
from duebook.web.forms.keyed import KeyedForm


class ApprovalForm(KeyedForm):
    """Nothing to fill in: what is approved stands beside it."""


class RejectionForm(KeyedForm):
    reason = FreeTextField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Whoever asked for it reads this."),
        error_messages={"required": _("Say why: the reason is kept with the record.")},
    )


class OutcomeForm(KeyedForm):
    """What a person saw on the processor's own pages."""

    outcome = forms.ChoiceField(
        label=_("What became of it?"),
        choices=OutcomeProposal.Outcomes.choices,
        widget=forms.RadioSelect({"class": "form-check-input"}),
        error_messages={"required": _("Say whether it happened.")},
    )
    happened_on = DayField(
        label=_("Date"), error_messages={"required": _("Enter the day on which it happened.")}
    )
    reference = FreeTextField(
        label=_("Reference at the processor"),
        max_length=120,
        help_text=_("What the processor calls it on its own pages."),
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": _("Enter what the card processor calls it on its own pages.")},
    )
    reason = FreeTextField(
        label=_("How you know"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The person who approves it reads this."),
        error_messages={"required": _("Say how you know.")},
    )

    def clean(self) -> dict[str, Any]:
        """What did not happen has neither day nor reference."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("outcome") == Outcome.DID_NOT_HAPPEN.value:
            for name in ("happened_on", "reference"):
                self.errors.pop(name, None)
        return data

    def wanted(self) -> OutcomeInput:
        """What was typed; of what did not happen there is neither day nor reference."""
        data: dict[str, Any] = self.cleaned_data
        outcome = Outcome(data["outcome"])
        happened = outcome is Outcome.HAPPENED
        return OutcomeInput(
            outcome=outcome,
            reason=data["reason"],
            happened_on=data.get("happened_on") if happened else None,
            reference=data.get("reference", "") if happened else "",
        )
