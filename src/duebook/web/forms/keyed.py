"""A form that can be sent twice and acts once: it carries the request key of the write it leads to."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.validators import RegexValidator
from django.db import IntegrityError
from django.http import QueryDict

from duebook.domain.errors import DomainError, KeyReused
from duebook.staff.models import Business
from duebook.web.errors import add_to_form

Result = TypeVar("Result")


def new_request_key() -> str:
    """A key that no other form has."""
    return secrets.token_urlsafe(16)


class KeyedForm(forms.Form):
    """The base of every form that writes.

    ``carry_out`` runs the service and turns a refusal into an error beside its field; ``status`` is then the
    page's HTTP status. ``field_names`` says which form field shows a refusal of a differently named one.
    """

    field_names: ClassVar[Mapping[str, str]] = {}

    request_key = forms.CharField(
        # An event keeps 100: services derive the keys of what they do in several steps from this one.
        max_length=64,
        widget=forms.HiddenInput,
        initial=new_request_key,
        # Duebook's own keys have a colon: nobody takes one, such as a charge's, before it is used.
        validators=[RegexValidator(r"\A[A-Za-z0-9_-]+\Z")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refused_with = 0

    @property
    def key(self) -> str:
        """The request key that was sent."""
        return str(self.cleaned_data["request_key"])

    @property
    def status(self) -> int:
        """200 for a fresh form, 422 for one with errors, or what the refusal says."""
        return self._refused_with or (422 if self.is_bound and self.errors else 200)

    def carry_out(self, business: Business, write: Callable[[], Result]) -> Result | None:
        """What the service returned, or None after a refusal, which then stands in the form."""
        try:
            return _twice_if_raced(write)
        except KeyReused as error:
            self.renew_key()
            self._refused_with = add_to_form(self, error, business)
        except DomainError as error:
            self._refused_with = add_to_form(self, error, business, fields=self.field_names)
        return None

    def carries_out(self, business: Business, write: Callable[[], object]) -> bool:
        """Whether the form is valid and the service did it; else the page shows what is wrong."""
        return self.is_valid() and self.carry_out(business, lambda: (write(), True)) is not None

    def renew_key(self) -> None:
        """Give the form a new key and leave everything typed as it is."""
        if isinstance(self.data, QueryDict):
            data = self.data.copy()
            data[self.add_prefix("request_key")] = new_request_key()
            self.data = data


def _twice_if_raced(write: Callable[[], Result]) -> Result:
    """Run the write; when a unique constraint found the same request or value just written, ask once more.

    The second run sees the committed row and answers as the service says.
    """
    try:
        return write()
    except IntegrityError:
        return write()
