"""The forms for a partner, for its overrides, and for who referred a contact."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.domain.commission_rules import PartnerRole
from duebook.partners.details import PartnerDetails
from duebook.partners.models import Partner, Referral
from duebook.partners.services.set_partner_overrides import OverrideInput
from duebook.web.forms.fields import DayField, FreeTextField, YesNoField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.rates import LEVELS, TimedRateRow, rate_rows

_CHOSEN = ("name", "code", "notify_on_lead", "notify_on_sale", "payout_method", "payout_details", "notes")


def partner_choices(partners: Iterable[Partner], none: Any) -> list[tuple[str, Any]]:
    """Partners for a drop-down: Dana (DANA1)."""
    return [("", none), *((str(p.pk), f"{p.name} ({p.code})") for p in partners)]


class PartnerForm(KeyedForm):
    """All that may be entered of a partner; the contact is chosen before."""

    field_names: ClassVar[dict[str, str]] = {"contact": "name"}

    name = forms.CharField(label=_("Name"), max_length=200)
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Starts with a letter, at least 4 characters, no spaces. Each only once."),
    )
    parent = forms.TypedChoiceField(
        label=_("Parent partner"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Earns at level 2, and its own parent at level 3, where a program has those levels."),
    )
    standing = forms.ChoiceField(
        label=_("Status"),
        choices=Partner.Statuses.choices,
        initial=Partner.Statuses.ACTIVE,
        help_text=_("An inactive partner earns nothing on new orders."),
    )
    notify_on_lead = YesNoField(
        label=_("Notify on lead"),
        initial=False,
        help_text=_(
            "Yes: an e-mail when a contact is noted as referred by the partner, once for each contact."
        ),
    )
    notify_on_sale = YesNoField(
        label=_("Notify on sale"),
        initial=True,
        help_text=_(
            "Yes: an e-mail when an order gets the partner as lead or sale partner, with what the partner can"
            " earn on it. Imports send none."
        ),
    )
    payout_method = forms.ChoiceField(
        label=_("Payout method"),
        choices=Partner.PayoutMethods.choices,
        initial=Partner.PayoutMethods.BANK,
    )
    payout_details = forms.CharField(
        label=_("Payout details"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Such as the bank account, or to whom a check is made out."),
    )
    notes = FreeTextField(
        label=_("Notes"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 2})
    )
    global_override = YesNoField(
        label=_("Global override"),
        initial=False,
        help_text=_("Yes: earns on every new order, also where not on it, by the partner's own overrides."),
    )

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "parent", forms.ChoiceField).choices = partner_choices(partners, _("None"))

    @staticmethod
    def values_of(partner: Partner) -> dict[str, Any]:
        """The partner as the form shows it first."""
        return {
            **{name: getattr(partner, name) for name in (*_CHOSEN, "global_override")},
            "parent": partner.parent_id or "",
            "standing": partner.status,
        }

    def details(self, contact_id: int) -> PartnerDetails:
        """What was typed."""
        data = self.cleaned_data
        return PartnerDetails(
            contact_id=contact_id,
            parent_id=data["parent"],
            active=data["standing"] == Partner.Statuses.ACTIVE,
            global_override=data["global_override"],
            **{name: data[name] for name in _CHOSEN},
        )


class OverrideRow(TimedRateRow):
    """A rate agreed with one partner."""

    level = forms.TypedChoiceField(
        label=_("Level"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("All levels")), *LEVELS],
    )

    def override(self) -> OverrideInput:
        """What was typed."""
        return OverrideInput(
            role=self.chosen_role,
            rate=self.rate(),
            product_id=self.cleaned_data["product"],
            level=self.cleaned_data["level"],
            **self.when(),
        )


OverrideRows = rate_rows(OverrideRow)


class ReferralForm(KeyedForm):
    """Who referred a contact, in which role, since when."""

    partner = forms.TypedChoiceField(label=_("Referral partner"), coerce=int, empty_value=None)
    role = forms.ChoiceField(label=_("Role"), choices=Referral.Roles.choices)
    since = DayField(label=_("Since"))

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "partner", forms.ChoiceField).choices = partner_choices(partners, _("Choose"))

    @property
    def chosen_role(self) -> PartnerRole:
        return PartnerRole(self.cleaned_data["role"])
