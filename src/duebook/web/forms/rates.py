"""Rows of a form that each agree a rate: a percentage, a fixed amount a unit, or both.

A row without a rate and without a product is no row; so the page can offer spare rows, and works without
JavaScript.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.domain.commission_checks import check_rate
from duebook.domain.commission_rules import MAX_LEVELS, PartnerRole, PayoutType, Rate
from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.partners.models import Program, RateFields, Referral
from duebook.staff.models import Business
from duebook.web.errors import text_of
from duebook.web.forms.fields import MoneyField, NumberField, field_of
from duebook.web.rates import bps_of, percent_of

MOST_ROWS = 200
SPARE_ROWS = 2
LONGEST_HOLD = 3650
LEVELS = [(str(level), str(level)) for level in range(1, MAX_LEVELS + 1)]


class RateRow(forms.Form):
    """One rate: for which role and product, how much."""

    typed: ClassVar[tuple[str, ...]] = ("product", "percent", "fixed_amount")
    """The fields in which something stands when the row is one."""

    field_order = ("partner", "role", "level", "product", "percent", "fixed_amount")

    role = forms.ChoiceField(label=_("Role"), choices=Referral.Roles.choices)
    product = forms.TypedChoiceField(label=_("Product"), coerce=int, empty_value=None, required=False)
    percent = NumberField(label=_("Percent"), places=2, required=False)
    fixed_amount = MoneyField(label=_("Fixed amount a unit"), required=False)

    def __init__(
        self, *args: Any, business: Business, currency: str, products: Sequence[Product], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._business = business
        self._currency = currency
        field_of(self, "product", forms.ChoiceField).choices = [
            ("", _("All products")),
            *((str(p.pk), p.name) for p in products),
        ]
        field_of(self, "percent", NumberField).locale = business.locale
        field_of(self, "fixed_amount", MoneyField).in_currency(currency, business)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed that would make a row."""
        return self.is_bound and not any(
            self.data.get(self.add_prefix(name), "").strip() for name in self.typed
        )

    def full_clean(self) -> None:
        if self.is_blank:
            self._errors = ErrorDict()
            self.cleaned_data: dict[str, Any] = {}
            return
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_rate(self.rate(), self._currency)
            except DomainError as error:
                name = error.field if error.field in self.fields else "percent"
                self.add_error(name, text_of(error, self._business))
        return data

    def rate(self) -> Rate:
        """What was typed."""
        fixed: Money | None = self.cleaned_data["fixed_amount"]
        bps = bps_of(self.cleaned_data["percent"] or Decimal(0))
        if fixed is None or not fixed.minor:
            return Rate(bps)
        return Rate(bps, fixed.minor, fixed.currency)

    @property
    def chosen_role(self) -> PartnerRole:
        return PartnerRole(self.cleaned_data["role"])


class TimedRateRow(RateRow):
    """A rate that says itself when it is earned: an override."""

    payout_type = forms.ChoiceField(
        label=_("Payout type"), choices=Program.PayoutTypes.choices, initial=PayoutType.ON_PAYMENT.value
    )
    hold_days = forms.IntegerField(
        label=_("Hold in days"), min_value=0, max_value=LONGEST_HOLD, required=False, initial=30
    )

    def when(self) -> dict[str, Any]:
        """When it is earned and how long it is held; an empty hold is none."""
        return {
            "payout_type": PayoutType(self.cleaned_data["payout_type"]),
            "hold_days": self.cleaned_data["hold_days"] or 0,
        }


Row = TypeVar("Row", bound=RateRow)

if TYPE_CHECKING:
    _RowForms = BaseFormSet
else:

    class _RowForms(BaseFormSet, Generic[Row]):
        pass


class BaseRateRows(_RowForms[Row]):
    """All rows of a page."""

    @property
    def filled(self) -> list[Row]:
        """The rows in which something stands, in order; of what they hold only after ``is_valid``."""
        return [form for form in self.forms if not form.is_blank]

    @property
    def refusals(self) -> list[str]:
        """What the rules say of the rows together."""
        return list(getattr(self, "_refusals", []))

    def refuse(self, error: DomainError, business: Business, *, row: int | None = None) -> None:
        """Put a refusal beside the role of a row, or above all rows."""
        text = text_of(error, business)
        if row is None:
            self._refusals = [*self.refusals, text]
        else:
            self.filled[row].add_error("role", text)


def rate_rows(row: type[Row]) -> type[BaseRateRows[Row]]:
    """The class of a page's rows."""
    made = formset_factory(
        row, formset=BaseRateRows, extra=SPARE_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS
    )
    return cast(type[BaseRateRows[Row]], made)


def values_of_rates(rows: Iterable[RateFields], business: Business) -> list[dict[str, Any]]:
    """Stored rates as the form shows them first; the fields that a kind of row has beyond are added to it."""
    return [_values(row, business) for row in rows]


def _values(row: RateFields, business: Business) -> dict[str, Any]:
    values: dict[str, Any] = {
        "role": row.role,
        "percent": percent_of(row.percent_bps) if row.percent_bps else None,
        "fixed_amount": Money(row.fixed_minor, row.currency or business.currency)
        if row.fixed_minor
        else None,
    }
    own: Mapping[str, str] = {"product": "product_id", "partner": "partner_id"}
    values |= {name: getattr(row, column) or "" for name, column in own.items() if hasattr(row, column)}
    values |= {
        name: getattr(row, name) for name in ("level", "payout_type", "hold_days") if hasattr(row, name)
    }
    return values
