"""The forms that change what an order brings to its partners, and the choice of orders to recalculate."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.orders.models import Order
from duebook.partners.models import Partner, Program
from duebook.sales.services.override_order import OrderOverrideInput
from duebook.sales.services.recalculate_order import OrderChoice
from duebook.web.forms.fields import DayField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.partners import partner_choices
from duebook.web.forms.rates import TimedRateRow, rate_rows


class AssignForm(KeyedForm):
    """The lead and the sale partner of an order."""

    field_names: ClassVar[dict[str, str]] = {
        "lead_partner_id": "lead_partner",
        "sale_partner_id": "sale_partner",
    }

    lead_partner = forms.TypedChoiceField(
        label=_("Lead referral partner"), coerce=int, empty_value=None, required=False
    )
    sale_partner = forms.TypedChoiceField(
        label=_("Sale referral partner"), coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("lead_partner", "sale_partner"):
            field_of(self, name, forms.ChoiceField).choices = partner_choices(partners, _("None"))

    @staticmethod
    def values_of(order: Order) -> dict[str, Any]:
        """The order's partners as the form shows them first."""
        return {"lead_partner": order.lead_partner_id or "", "sale_partner": order.sale_partner_id or ""}

    def chosen(self) -> dict[str, int | None]:
        """What was chosen, by the names of the service."""
        return {
            "lead_partner_id": self.cleaned_data["lead_partner"],
            "sale_partner_id": self.cleaned_data["sale_partner"],
        }


class OrderOverrideRow(TimedRateRow):
    """A rate agreed for one partner on one order."""

    typed = (*TimedRateRow.typed, "partner")

    partner = forms.TypedChoiceField(label=_("Partner"), coerce=int, empty_value=None)

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "partner", forms.ChoiceField).choices = partner_choices(partners, _("Choose"))

    def override(self) -> OrderOverrideInput:
        """What was typed."""
        return OrderOverrideInput(
            partner_id=self.cleaned_data["partner"],
            role=self.chosen_role,
            rate=self.rate(),
            product_id=self.cleaned_data["product"],
            **self.when(),
        )


OrderOverrideRows = rate_rows(OrderOverrideRow)


class ChoiceOfOrdersForm(forms.Form):
    """Which orders to recalculate; all fields are optional, together they narrow."""

    all_optional = True

    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("To"), required=False)
    partner = forms.TypedChoiceField(
        label=_("Referral partner"), coerce=int, empty_value=None, required=False
    )
    program = forms.TypedChoiceField(label=_("Program"), coerce=int, empty_value=None, required=False)

    def __init__(
        self, *args: Any, partners: Iterable[Partner], programs: Iterable[Program], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "partner", forms.ChoiceField).choices = partner_choices(partners, _("All partners"))
        field_of(self, "program", forms.ChoiceField).choices = [
            ("", _("All programs")),
            *((str(p.pk), p.name) for p in programs),
        ]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("This day is before the first one."))
        return data

    def choice(self) -> OrderChoice:
        """What was chosen."""
        data = self.cleaned_data
        return OrderChoice(
            first_on=data["first"],
            last_on=data["last"],
            partner_id=data["partner"],
            program_id=data["program"],
        )
