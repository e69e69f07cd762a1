"""How a dispute stood when somebody said that it has been seen."""

from django import forms

from duebook.payments.models import Dispute
from duebook.web.forms.keyed import KeyedForm


class DisputeReviewForm(KeyedForm):
    state = forms.ChoiceField(choices=Dispute.States.choices, widget=forms.HiddenInput)
