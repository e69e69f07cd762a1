"""The form for a program, its rules row by row, and the box in which to try the rules."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PayoutType
from duebook.domain.errors import DomainError, LevelAboveProgram, RuleTwice
from duebook.partners.details import ProgramDetails
from duebook.partners.models import Partner, Program, Referral
from duebook.staff.models import Business
from duebook.web.forms.fields import FreeTextField, MoneyField, YesNoField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.partners import partner_choices
from duebook.web.forms.rates import LEVELS, LONGEST_HOLD, BaseRateRows, RateRow, rate_rows

_LARGEST_PRIORITY = 1_000_000


class ProgramForm(KeyedForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    priority = forms.IntegerField(
        label=_("Priority"),
        min_value=0,
        max_value=_LARGEST_PRIORITY,
        help_text=_("The lower number wins where a partner is in several programs that cover a product."),
    )
    payout_type = forms.ChoiceField(
        label=_("Payout type"), choices=Program.PayoutTypes.choices, initial=PayoutType.ON_PAYMENT.value
    )
    hold_days = forms.IntegerField(
        label=_("Hold in days"),
        min_value=0,
        max_value=LONGEST_HOLD,
        initial=30,
        help_text=_("So long after it is earned a commission cannot be paid out: time for a refund."),
    )
    levels = forms.TypedChoiceField(
        label=_("Levels"),
        coerce=int,
        choices=LEVELS,
        initial="1",
        help_text=_("1 is the partner on the order, 2 its parent, 3 the parent's parent."),
    )
    active = YesNoField(
        label=_("Active"), initial=True, help_text=_("An inactive program covers no new order.")
    )
    notes = FreeTextField(
        label=_("Notes"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 2})
    )
    members = forms.TypedMultipleChoiceField(
        label=_("Members"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "members", forms.ChoiceField).choices = [
            (str(partner.pk), f"{partner.name} ({partner.code})") for partner in partners
        ]

    @staticmethod
    def values_of(program: Program) -> dict[str, Any]:
        """The program as the form shows it first."""
        names = ("name", "priority", "payout_type", "hold_days", "levels", "active", "notes")
        return {
            **{name: getattr(program, name) for name in names},
            "members": [partner.pk for partner in program.members.all()],
        }

    def details(self, rules: Iterable[RuleInput]) -> ProgramDetails:
        """What was typed."""
        data = self.cleaned_data
        return ProgramDetails(
            name=data["name"],
            priority=data["priority"],
            payout_type=PayoutType(data["payout_type"]),
            hold_days=data["hold_days"],
            levels=data["levels"],
            active=data["active"],
            notes=data["notes"],
            rules=tuple(rules),
            member_ids=frozenset(data["members"]),
        )


class RuleRow(RateRow):
    """What a program pays in a role at a level, for a product or by default."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int, choices=LEVELS, initial="1")

    def rule(self) -> RuleInput:
        """What was typed."""
        return RuleInput(
            role=self.chosen_role,
            level=self.cleaned_data["level"],
            rate=self.rate(),
            product_id=self.cleaned_data["product"],
        )


RuleRows = rate_rows(RuleRow)


def refuse_rules(rows: BaseRateRows[RuleRow], error: DomainError, business: Business) -> None:
    """Put a refusal of the rules beside the row that it is about, or above them all."""
    rows.refuse(error, business, row=_row_of(rows.filled, error))


def _row_of(filled: Sequence[RuleRow], error: DomainError) -> int | None:
    rules = [row.rule() for row in filled]
    if isinstance(error, LevelAboveProgram):
        levels = [rule.level for rule in rules]
        return levels.index(error.values["level"])
    if isinstance(error, RuleTwice):
        places = [(rule.product_id, rule.role, rule.level) for rule in rules]
        return next(row for row, place in enumerate(places) if place in places[:row])
    return None


class TryForm(forms.Form):
    """An order by its number, or an imagined one: a product, an amount and a partner. It only asks."""

    all_optional = True

    order = forms.CharField(
        label=_("Order or invoice number"),
        max_length=30,
        required=False,
        help_text=_("Such as #1042 or INV-1042. Empty tries the imagined order below."),
    )
    product = forms.TypedChoiceField(label=_("Product"), coerce=int, empty_value=None, required=False)
    amount = MoneyField(label=_("Amount"), required=False)
    partner = forms.TypedChoiceField(
        label=_("Referral partner"), coerce=int, empty_value=None, required=False
    )
    role = forms.ChoiceField(
        label=_("In the role"),
        choices=[*Referral.Roles.choices, ("both", _("Lead and sale"))],
        required=False,
        initial="both",
    )

    def __init__(
        self,
        *args: Any,
        business: Business,
        partners: Iterable[Partner],
        products: Iterable[Product],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.products = {product.pk: product for product in products}
        field_of(self, "product", forms.ChoiceField).choices = [
            ("", _("Any product")),
            *((str(p.pk), p.name) for p in self.products.values()),
        ]
        field_of(self, "partner", forms.ChoiceField).choices = partner_choices(partners, _("Choose"))
        field_of(self, "amount", MoneyField).in_currency(business.currency, business)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("order") and not self.errors:
            if data.get("amount") is None:
                self.add_error("amount", _("Enter an amount, or the number of an order above."))
            elif data["amount"].minor <= 0:
                self.add_error("amount", _("Enter an amount above zero."))
            if data.get("partner") is None:
                self.add_error("partner", _("Choose a partner, or enter the number of an order above."))
        return data

    def partners_by_role(self) -> dict[str, int | None]:
        """The imagined order's partners."""
        partner, role = self.cleaned_data["partner"], self.cleaned_data["role"] or "both"
        return {
            "lead_partner_id": partner if role in ("lead", "both") else None,
            "sale_partner_id": partner if role in ("sale", "both") else None,
        }
