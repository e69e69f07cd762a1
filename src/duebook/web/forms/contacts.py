"""The form for adding and editing a contact."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.contacts.details import ContactDetails
from duebook.contacts.models import Contact
from duebook.web.forms.fields import FreeTextField
from duebook.web.forms.keyed import KeyedForm

_TEXTS = (
    *("given_name", "family_name", "company", "email", "phone"),
    *("line1", "line2", "city", "region", "postal_code", "country", "notes"),
)


class ContactForm(KeyedForm):
    all_optional = True
    """Any one of the three names will do, so no field says that it is optional."""

    given_name = FreeTextField(label=_("First name"), max_length=100, required=False)
    family_name = FreeTextField(label=_("Last name"), max_length=100, required=False)
    company = FreeTextField(label=_("Company"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    line1 = FreeTextField(label=_("Address"), max_length=200, required=False)
    line2 = FreeTextField(label=_("Address, second line"), max_length=200, required=False)
    city = FreeTextField(label=_("City"), max_length=100, required=False)
    region = FreeTextField(label=_("State or region"), max_length=100, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    country = FreeTextField(label=_("Country"), max_length=100, required=False)
    tags = FreeTextField(label=_("Tags"), max_length=500, required=False, help_text=_("Separated by commas."))
    notes = FreeTextField(
        label=_("Notes"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 3})
    )

    @classmethod
    def values_of(cls, contact: Contact) -> dict[str, Any]:
        """The contact as the form shows it first."""
        return {**{name: getattr(contact, name) for name in _TEXTS}, "tags": ", ".join(contact.tags)}

    def clean_tags(self) -> tuple[str, ...]:
        tags = tuple(tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip())
        if any(len(tag) > 50 for tag in tags):
            raise forms.ValidationError(_("A tag has at most 50 characters."))
        return tags

    def details(self) -> ContactDetails:
        """What was typed."""
        return ContactDetails(
            **{name: self.cleaned_data[name] for name in _TEXTS}, tags=self.cleaned_data["tags"]
        )
