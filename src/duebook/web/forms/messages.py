"""What a person says of a message of a card processor that was dealt with by hand."""

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.web.forms.fields import FreeTextField
from duebook.web.forms.keyed import KeyedForm


class ResolutionForm(KeyedForm):
    note = FreeTextField(
        label=_("What was done"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Kept with your name."),
        error_messages={"required": _("Say what was done.")},
    )
