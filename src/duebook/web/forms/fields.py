"""Form fields that Django lacks: an amount of money, a number as the locale writes it, Yes or No, a date.

What a person typed stays as typed when the form comes back; what is clean is Money, Decimal, bool or date.
"""

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from babel.numbers import get_currency_symbol
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy as _

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import AmountFormat, CardNumberTyped, DomainError
from duebook.domain.money import Money, parse_minor, to_decimal
from duebook.ledger.currencies import decimal_mark, exponent, format_figure, parse_amount
from duebook.staff.models import Business

Kind = TypeVar("Kind", bound=forms.Field)


def field_of(form: forms.BaseForm, name: str, kind: type[Kind]) -> Kind:
    """The form's own copy of a field, known to be of the kind. Raises TypeError when it is another."""
    field = form.fields[name]
    if not isinstance(field, kind):
        raise TypeError(f"{name} is a {type(field).__name__}")
    return field


def refuse_card_number(text: str) -> None:
    """A validator: card numbers are never kept."""
    try:
        refuse_card_numbers(text=text)
    except CardNumberTyped as error:
        raise ValidationError(gettext(error.message), code=error.code) from error


class FreeTextField(forms.CharField):
    """What people write in their own words, such as notes or a reference; never a card number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[refuse_card_number], **options)


class AmountInput(forms.TextInput):
    """A right-aligned figure behind the sign of its currency."""

    template_name = "web/forms/amount.html"
    sign = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["sign"] = self.sign
        return context


class MoneyField(forms.CharField):
    """An amount in one currency; cleans to Money, or None when it is empty and may be.

    The form names the currency by ``in_currency`` before it is used.
    """

    widget = AmountInput
    currency = "USD"
    locale = "en_US"

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")
        self.widget.attrs.setdefault("class", "num")

    def in_currency(self, currency: str, business: Business) -> None:
        """Read and show amounts of this currency as the business's locale writes them."""
        self.currency = currency
        self.locale = business.locale
        if isinstance(self.widget, AmountInput):
            self.widget.sign = get_currency_symbol(currency, locale=business.locale)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Money):
            return format_figure(value.minor, value.currency, locale=self.locale)
        return value

    def clean(self, value: Any) -> Money | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_amount(text, self.currency, locale=self.locale)
        except DomainError as error:
            raise ValidationError(gettext(error.message).format(**error.values), code=error.code) from error


class NumberField(forms.CharField):
    """A decimal number with at most so many places, written with the locale's marks."""

    locale = "en_US"

    def __init__(self, *, places: int, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.places = places
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")
        self.widget.attrs.setdefault("class", "num")

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return plain_number(value, self.locale)
        return value

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            scaled = parse_minor(text, self.places, decimal_mark=decimal_mark(self.locale))
        except AmountFormat as error:
            raise ValidationError(_("Enter a number in figures, such as 1.5."), code=error.code) from error
        except DomainError as error:
            message = _("At most {places} decimals, and not more than {most}.")
            most = to_decimal(10**15, self.places)
            raise ValidationError(
                message.format(places=self.places, most=f"{most:,.0f}"), code=error.code
            ) from error
        return to_decimal(scaled, self.places)


def plain_number(value: Decimal, locale: str, *, least_places: int = 0) -> str:
    """The number without idle zeros and without grouping: 1.5, 2, 0.333333; 1.50 with two places at least."""
    text = format(value.normalize(), "f")
    whole, _mark, fraction = text.partition(".")
    fraction = fraction.ljust(least_places, "0")
    return f"{whole}{decimal_mark(locale)}{fraction}" if fraction else whole


class PriceField(NumberField):
    """A unit price: as many decimals as it needs up to six, and never fewer than its currency has."""

    def __init__(self, **options: Any) -> None:
        super().__init__(places=6, **options)
        self.currency = "USD"

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return plain_number(value, self.locale, least_places=exponent(self.currency))
        return value


class SegmentedChoice(forms.RadioSelect):
    """Radio buttons that stand side by side as one control."""

    template_name = "web/forms/segmented.html"


class YesNoField(forms.TypedChoiceField):
    """Yes or No, side by side; cleans to bool."""

    widget = SegmentedChoice

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda value: value == "yes", **options
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value


class DayField(forms.DateField):
    """A day, picked in the browser's own calendar, which makes year 26 of a year typed with two digits."""

    EARLIEST = date(1900, 1, 1)

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        options.setdefault("error_messages", {"invalid": _("Enter a day, such as 2026-10-13.")})
        super().__init__(widget=widget, **options)

    def clean(self, value: Any) -> date | None:
        day = cast(date | None, super().clean(value))
        if day is not None and day < self.EARLIEST:
            raise ValidationError(_("Write the year with four digits, such as 2026."), code="year_too_early")
        return day
