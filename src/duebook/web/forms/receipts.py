"""The form that sends a receipt."""

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.web.forms.keyed import KeyedForm


class EmailReceiptForm(KeyedForm):
    """Where the receipt goes."""

    address = forms.EmailField(label=_("E-mail"), max_length=254)
