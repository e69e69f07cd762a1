"""The form of a rehearsal: a program as it would be, and the period to run it over."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from duebook.web.forms.fields import DayField
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.programs import ProgramForm


class RehearsalForm(ProgramForm):
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            raise ValidationError({"last": _("The last day is before the first. Turn them around.")})
        return data


class SaveProgramForm(KeyedForm):
    """Nothing but the request key."""
