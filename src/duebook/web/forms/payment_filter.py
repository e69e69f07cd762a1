"""Which payments a list shows. What cannot be read is said beside its field and leaves that filter out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.contacts.queries import search_contacts
from duebook.payments.listing import PaymentFilter, PaymentStates
from duebook.payments.models import PaymentType
from duebook.staff.models import Business
from duebook.web.forms.fields import DayField, MoneyField, field_of

MOST_CONTACTS = 200


class PaymentFilterForm(forms.Form):
    """``contact`` is a contact's id, as links give it; ``q`` is what a person types."""

    all_optional = True

    q = forms.CharField(label=_("Contact"), max_length=100, required=False)
    contact = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    type = forms.TypedChoiceField(label=_("Payment Type"), coerce=int, empty_value=None, required=False)
    amount = MoneyField(label=_("Amount"), required=False)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *PaymentStates.choices]
    )

    def __init__(self, business: Business, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        types = PaymentType.objects.order_by("position", "id").values_list("pk", "label")
        choices = [("", _("All")), *((str(pk), label) for pk, label in types)]
        field_of(self, "type", forms.TypedChoiceField).choices = choices
        field_of(self, "amount", MoneyField).in_currency(business.currency, business)

    def filter(self) -> PaymentFilter:
        """What the payments are narrowed down to."""
        self.full_clean()
        data = self.cleaned_data
        contact_ids: tuple[int, ...] | None = (data["contact"],) if data.get("contact") else None
        if contact_ids is None and data.get("q"):
            contact_ids = tuple(contact.pk for contact in search_contacts(data["q"], MOST_CONTACTS))
            if len(contact_ids) == MOST_CONTACTS:
                text = _("Only the first %(most)s contacts. Type more of the name.")
                self.fields["q"].help_text = text % {"most": MOST_CONTACTS}
        amount = data.get("amount")
        return PaymentFilter(
            since=data.get("since"),
            until=data.get("until"),
            type_id=data.get("type"),
            contact_ids=contact_ids,
            amount_minor=amount.minor if amount is not None else None,
            state=PaymentStates(data["state"]) if data.get("state") else None,
        )
