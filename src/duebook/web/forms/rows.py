"""Drop-downs of rows: the options carry data for the page's script, the field cleans to the row's id.

Whether a row may be chosen is for the service to say, which has better words than "not one of the choices"
and knows what changed since the page was shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_LONGEST_ID = 18


class RowSelect(forms.Select):
    """A drop-down whose options may have attributes of their own."""

    option_attributes: Mapping[str, Mapping[str, str]] = {}

    def create_option(
        self,
        name: str,
        value: Any,
        label: int | str,
        selected: Any,
        index: int,
        subindex: int | None = None,
        attrs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, label, selected, index, subindex, attrs)
        option["attrs"].update(self.option_attributes.get(str(value), {}))
        return option


class IdField(forms.ChoiceField):
    """The id of a row; None where it is empty and may be."""

    widget = RowSelect

    def offer(
        self, choices: Sequence[tuple[str, str]], attributes: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Set the options and what each carries."""
        self.choices = choices
        if isinstance(self.widget, RowSelect):
            self.widget.option_attributes = attributes or {}

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        return int(text) if text else None

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        if value and not (str(value).isascii() and str(value).isdigit() and len(str(value)) <= _LONGEST_ID):
            raise ValidationError(self.error_messages["required"], code="invalid")
