"""How every form looks: one template for a field, one for a form, and the CSS class that fits the widget.

So ``{{ form }}`` and ``{{ form.amount.as_field_group }}`` look the same on every page, allauth's included.
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.forms.widgets import Input

_CLASS_OF: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Textarea, "form-control"),
    (Input, "form-control"),
)


class StyledBoundField(BoundField):
    """A field of a form that knows its CSS classes."""

    @property
    def is_checkbox(self) -> bool:
        """Whether the label follows the control."""
        return isinstance(self.field.widget, forms.CheckboxInput)

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Django's attributes with the class of the widget, and whether the field is in error."""
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        if widget.is_hidden:
            return built
        own = next((css for kind, css in _CLASS_OF if isinstance(widget, kind)), "")
        names = [
            own,
            widget.attrs.get("class", ""),
            attrs.get("class", ""),
            "is-invalid" if self.errors else "",
        ]
        built["class"] = " ".join(name for name in names if name)
        return built


class PageFormRenderer(DjangoTemplates):
    """The form renderer that settings name."""

    form_template_name = "web/forms/form.html"
    formset_template_name = "web/forms/formset.html"
    field_template_name = "web/forms/field.html"
    bound_field_class = StyledBoundField
