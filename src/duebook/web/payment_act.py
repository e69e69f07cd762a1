"""A page that does one thing to a payment: its form, and beside it what saving will do.

Asked by htmx for the panel, or without JavaScript by the button Preview, it writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from duebook.domain.errors import DomainError
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.payment_page import PANEL, unfinished_form
from duebook.web.payment_preview import Preview
from duebook.web.request import StaffRequest


@dataclass(frozen=True, slots=True)
class Act:
    """One page: its template and words, what it shows beforehand, doing it, and where it leads."""

    template: str
    preview: Callable[[], Preview]
    write: Callable[[], object]
    done: Callable[[], HttpResponse]
    context: dict[str, Any] = field(default_factory=dict)


def perform(request: StaffRequest, form: KeyedForm, act: Act) -> HttpResponse:
    """Show the page, show what it will do, or do it.

    A refusal that makes the page pointless from the start, such as a missing right, is raised to the page
    that explains it.
    """
    as_panel = request.headers.get("HX-Target") == PANEL
    saves = request.method == "POST" and not as_panel and "preview" not in request.POST
    if saves and form.carries_out(request.business, act.write):
        return act.done()
    foot = _("Nothing is saved until you confirm.")
    context = {"panel_foot": foot, **act.context, "form": form, "preview": _preview(request, form, act)}
    if as_panel:
        return render(request, "web/payments/_preview.html", context)
    return render(request, act.template, context, status=form.status)


def _preview(request: StaffRequest, form: KeyedForm, act: Act) -> Preview:
    unfinished = unfinished_form(form)
    if unfinished is not None:
        return unfinished
    try:
        return act.preview()
    except DomainError as error:
        if request.method != "POST":
            raise
        return Preview(problem=text_of(error, request.business))


def typed_or(form: KeyedForm, name: str) -> Any:
    """The clean value of a field or, in a fresh form, its first value."""
    return form.cleaned_data.get(name) if form.is_bound else form.initial.get(name)


def fill_in_hint() -> Preview:
    """What the panel says while something is missing."""
    return Preview(hint=_("Fill in the form to see what it does."))
