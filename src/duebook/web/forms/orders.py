"""The forms for an order's head, its lines, and for the reason of a void or a cancellation.

A line that is left empty is no line; so the page can offer spare rows, and works without JavaScript.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.domain.errors import DomainError
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.ledger.currencies import exponent, is_currency
from duebook.orders.models import OrderItem
from duebook.partners.models import Partner
from duebook.staff.models import Business
from duebook.web.errors import text_of
from duebook.web.forms.fields import DayField, FreeTextField, NumberField, PriceField, field_of
from duebook.web.forms.keyed import KeyedForm

MOST_LINES = 200
SPARE_LINES = 3


class OrderForm(KeyedForm):
    """The head of a new order."""

    field_names: ClassVar[dict[str, str]] = {"contact": "title", "items": ""}

    title = FreeTextField(
        label=_("Title"), max_length=200, required=False, help_text=_("Empty takes the first item's name.")
    )
    ordered_on = DayField(label=_("Date"))
    due_on = DayField(label=_("Due"), required=False)
    currency = forms.CharField(label=_("Currency"), max_length=3, min_length=3)
    lead_partner = forms.TypedChoiceField(
        label=_("Lead referral partner"), coerce=int, empty_value=None, required=False
    )
    sale_partner = forms.TypedChoiceField(
        label=_("Sale referral partner"), coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, business: Business, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("None")), *((str(p.pk), p.name) for p in partners)]
        for name in ("lead_partner", "sale_partner"):
            field_of(self, name, forms.ChoiceField).choices = choices
        terms = _("Empty is %(days)s days after the date.") % {"days": business.terms_days}
        self.fields["due_on"].help_text = terms

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if not is_currency(code):
            raise forms.ValidationError(_("Enter the three letters of a currency, such as USD."))
        return code


class LineForm(forms.Form):
    """One line: a product or a description, how many, at which price."""

    kind = forms.ChoiceField(label=_("Kind"), choices=OrderItem.Kinds.choices, initial=ItemKind.PRODUCT.value)
    product = forms.TypedChoiceField(label=_("Product"), coerce=int, empty_value=None, required=False)
    description = FreeTextField(label=_("Description"), max_length=200, required=False)
    quantity = NumberField(label=_("Quantity"), places=4, required=False, initial="1")
    unit_price = PriceField(label=_("Unit price"), required=False)
    apply_to_commissions = forms.BooleanField(label=_("Lowers commissions too"), required=False, initial=True)

    def __init__(
        self, *args: Any, business: Business, currency: str, products: Sequence[Product], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._products = {product.pk: product for product in products}
        self._places = exponent(currency)
        field_of(self, "product", forms.ChoiceField).choices = [
            ("", "–"),
            *((str(p.pk), p.name) for p in products),
        ]
        price = field_of(self, "unit_price", PriceField)
        price.currency = currency
        price.locale = field_of(self, "quantity", NumberField).locale = business.locale

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed that would make a line."""
        names = ("product", "description", "unit_price")
        return self.is_bound and not any(self.data.get(self.add_prefix(n), "").strip() for n in names)

    def full_clean(self) -> None:
        if self.is_blank:
            self._errors = ErrorDict()
            self.cleaned_data: dict[str, Any] = {}
            return
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        product = self._products.get(data.get("product") or 0)
        if data.get("unit_price") is None and "unit_price" not in self.errors:
            if product is None:
                self.add_error("unit_price", _("Enter a price."))
            else:
                data["unit_price"] = Decimal(product.price_minor).scaleb(-self._places)
        if not data.get("description"):
            if product is not None:
                data["description"] = product.name
            elif data.get("kind") in _NAMED_BY_KIND:
                data["description"] = str(OrderItem.Kinds(data["kind"]).label)
            else:
                self.add_error("description", _("Say what this item is, or choose a product."))
        if data.get("quantity") is None and "quantity" not in self.errors:
            data["quantity"] = Decimal(1)
        return data

    @property
    def offered(self) -> dict[str, dict[str, str]]:
        """Name and price by product, for the page's script to fill in."""
        price = field_of(self, "unit_price", PriceField)
        return {
            str(product.pk): {
                "name": product.name,
                "price": price.prepare_value(Decimal(product.price_minor).scaleb(-self._places)),
            }
            for product in self._products.values()
        }

    def line(self) -> LineInput:
        """What was typed."""
        data = self.cleaned_data
        kind = ItemKind(data["kind"])
        return LineInput(
            kind=kind,
            description=data["description"],
            quantity=data["quantity"],
            unit_price=data["unit_price"],
            product_id=data["product"],
            apply_to_commissions=data["apply_to_commissions"] if kind is ItemKind.DISCOUNT else True,
        )


_NAMED_BY_KIND = {
    kind.value for kind in (ItemKind.TAX, ItemKind.SHIPPING, ItemKind.DISCOUNT, ItemKind.FINANCE_CHARGE)
}
"""Lines that need no description: their kind says what they are."""


if TYPE_CHECKING:
    _LineForms = BaseFormSet[LineForm]
else:
    _LineForms = BaseFormSet


class BaseLineFormSet(_LineForms):
    """The lines of an order."""

    @property
    def filled(self) -> list[LineForm]:
        """The rows in which something stands."""
        return [form for form in self.forms if not form.is_blank]

    def lines(self) -> list[LineInput]:
        """What was typed, in order; only after ``is_valid``."""
        return [form.line() for form in self.filled]

    def add_refusal(self, error: DomainError, business: Business) -> bool:
        """Put the refusal into the line that it is about; False when it is about none."""
        position = error.values.get("position")
        filled = self.filled
        if not isinstance(position, int) or not 1 <= position <= len(filled):
            return False
        form = filled[position - 1]
        form.add_error(error.field if error.field in form.fields else None, text_of(error, business))
        return True


LineFormSet = formset_factory(
    LineForm, formset=BaseLineFormSet, extra=SPARE_LINES, max_num=MOST_LINES, absolute_max=MOST_LINES
)


def values_of_lines(items: Iterable[OrderItem]) -> list[dict[str, Any]]:
    """An order's items as the form shows them first; a discount's price is typed without its minus."""
    return [
        {
            "kind": item.kind,
            "product": item.product_id or "",
            "description": item.description,
            "quantity": item.quantity,
            "unit_price": item.unit_price,
            "apply_to_commissions": item.apply_to_commissions,
        }
        for item in items
    ]


class ReasonForm(KeyedForm):
    """Why an invoice is made void or an order cancelled."""

    reason = FreeTextField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Kept with the record."),
    )
