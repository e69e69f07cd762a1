"""A page that changes what an order brings to its partners: its form, and beside it the difference.

Asked by htmx for the panel, or without JavaScript by the button Preview, it writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.errors import DomainError
from duebook.web.errors import text_of
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest

Steps = tuple[CommissionStep, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What saving posts, or why it cannot; neither while the form is not complete."""

    steps: Steps = ()
    problem: str = ""
    is_known: bool = False

    @property
    def minor(self) -> int:
        return sum(step.minor for step in self.steps)

    @property
    def before_minor(self) -> int:
        return sum(step.accrual.earned_minor for step in self.steps)

    @property
    def after_minor(self) -> int:
        return sum(step.after.earned_minor for step in self.steps)


@dataclass(frozen=True, slots=True)
class CommissionAct:
    """One page: its template, what saving posts, saving it (False after a refusal), and the page's status."""

    template: str
    order_id: int
    is_valid: Callable[[], bool]
    preview: Callable[[], Steps]
    save: Callable[[], bool]
    status: Callable[[], int]
    said: str


def perform(request: StaffRequest, act: CommissionAct, context: dict[str, Any]) -> HttpResponse:
    """Show the page, show the difference, or save.

    A refusal that makes the page pointless from the start, such as commission that was paid out, is raised to
    the page that explains it.
    """
    asks_panel = "HX-Request" in request.headers
    only_asks = asks_panel or "preview" in request.POST or "add_rows" in request.POST
    if request.method == "POST" and not only_asks and act.save():
        add_notice(request, act.said)
        return redirect("web:order", act.order_id)
    context["difference"] = _difference(request, act)
    if asks_panel:
        return render(request, "web/orders/_difference.html", context)
    return render(request, act.template, context, status=200 if only_asks else act.status())


def _difference(request: StaffRequest, act: CommissionAct) -> Difference:
    if request.method == "POST" and not act.is_valid():
        return Difference()
    try:
        return Difference(act.preview(), is_known=True)
    except DomainError as error:
        if request.method != "POST":
            raise
        return Difference(problem=text_of(error, request.business))
