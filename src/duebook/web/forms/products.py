"""The form for adding and editing a product."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.domain.money import Money
from duebook.staff.models import Business
from duebook.web.forms.fields import FreeTextField, MoneyField, field_of
from duebook.web.forms.keyed import KeyedForm


class ProductForm(KeyedForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    sku = forms.CharField(
        label=_("SKU"), max_length=64, required=False, help_text=_("Your own article number. Each only once.")
    )
    price = MoneyField(label=_("Price"))
    description = FreeTextField(
        label=_("Description"), max_length=5000, required=False, widget=forms.Textarea({"rows": 3})
    )
    taxable = forms.BooleanField(label=_("Taxable"), required=False, initial=True)
    active = forms.BooleanField(label=_("Active: offered for new orders"), required=False, initial=True)

    def __init__(self, *args: Any, business: Business, currency: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "price", MoneyField).in_currency(currency or business.currency, business)

    @staticmethod
    def values_of(product: Product) -> dict[str, Any]:
        """The product as the form shows it first."""
        return {
            "name": product.name,
            "sku": product.sku or "",
            "price": Money(product.price_minor, product.currency),
            "description": product.description,
            "taxable": product.taxable,
            "active": product.active,
        }

    def details(self) -> ProductDetails:
        """What was typed."""
        names = ("name", "sku", "price", "description", "taxable", "active")
        return ProductDetails(**{name: self.cleaned_data[name] for name in names})
