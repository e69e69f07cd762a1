"""Recalculating many orders: choose them, see the whole difference, then run, some orders a request.

A request previews or recalculates orders for a few seconds and answers how far it came; the page then asks
for the next. What was previewed travels signed in the page. What is done is counted from its events, so a run
that was left goes on where it stopped, and nothing is done twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db.models import BigIntegerField, Count, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.orders.models import Order
from duebook.partners.models import Partner, Program
from duebook.partners.queries import partners_to_offer
from duebook.sales.services.recalculate_order import (
    chosen_orders,
    preview_recalculations,
    recalculate_order,
)
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.order_commissions import ChoiceOfOrdersForm
from duebook.web.recalculation_progress import Progress
from duebook.web.request import StaffRequest, actor_of, requires, today_of

BATCH = 500
"""How many orders are previewed from one set of queries."""
_PREVIEW_SECONDS = 2.0
_RUN_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Difference:
    """What recalculating does to one partner, or to all of one currency, in minor units."""

    name: str
    currency: str
    before_minor: int
    after_minor: int

    @property
    def minor(self) -> int:
        return self.after_minor - self.before_minor


@dataclass(frozen=True, slots=True)
class Page:
    """How far a preview or a run came; ``so_far`` is what the next request goes on from."""

    total: int
    left: int
    progress: Progress
    refused: list[tuple[Order, str]]
    so_far: str

    @property
    def done(self) -> int:
        return self.total - self.left


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def recalculations(request: StaffRequest) -> HttpResponse:
    """Choose orders, see the difference, run."""
    asked = "first" in request.GET
    form = ChoiceOfOrdersForm(
        request.GET if asked else None, partners=partners_to_offer(), programs=Program.objects.all()
    )
    context: dict[str, Any] = {"choice": form, "asked": asked}
    if not asked or not form.is_valid():
        return render(request, "web/programs/recalculations.html", context, status=422 if asked else 200)
    orders = sorted(chosen_orders(form.choice()))
    previewing = "preview" in request.POST
    run = KeyedForm(request.POST if request.method == "POST" and not previewing else None)
    context["form"] = run
    if run.is_valid():
        context["run"] = _recalculate(request, orders, run.key)
        context["amounts"] = _posted(actor_of(request).user_id, run.key)
        return render(request, "web/programs/recalculating.html", context)
    return _shown_preview(request, context, orders)


def _shown_preview(request: StaffRequest, context: dict[str, Any], orders: Sequence[int]) -> HttpResponse:
    try:
        preview = _preview(request, orders)
    except DomainError as refusal:
        context["refusal"] = text_of(refusal, request.business)
        return render(request, "web/programs/recalculations.html", context, status=422)
    differences = _differences(preview.progress)
    context["preview"] = preview
    context["differences"] = [one for one in differences if one.minor]
    context["unchanged"] = sum(not one.minor for one in differences)
    context["sums"] = _sums(context["differences"])
    return render(request, "web/programs/recalculations.html", context)


def _preview(request: StaffRequest, orders: Sequence[int]) -> Page:
    """Preview further orders until the time of one request is up. Raises PeriodClosed."""
    actor, today = actor_of(request), today_of(request)
    progress = Progress.from_signed(request.POST.get("preview", ""), _about(request))
    left = [pk for pk in orders if pk > progress.cursor]
    ends = monotonic() + _PREVIEW_SECONDS
    at = 0
    while at < len(left) and (at == 0 or monotonic() < ends):
        batch = left[at : at + BATCH]
        currencies = dict(Order.objects.filter(pk__in=batch).values_list("pk", "currency"))
        found = preview_recalculations(order_ids=batch, actor=actor, on=today)
        for order_id in batch:
            steps = found[order_id]
            if isinstance(steps, DomainError):
                progress.add_refusal(order_id, text_of(steps, request.business))
            else:
                progress.add_steps(steps, currencies[order_id])
        progress.cursor = batch[-1]
        at += len(batch)
    return _page(request, len(orders), len(left) - at, progress)


def _recalculate(request: StaffRequest, orders: Sequence[int], key: str) -> Page:
    """Recalculate further orders until the time of one request is up."""
    actor, today = actor_of(request), today_of(request)
    progress = Progress.from_signed(request.POST.get("so_far", ""), _about(request))
    left = [pk for pk in orders if pk > progress.cursor]
    ends = monotonic() + _RUN_SECONDS
    at = 0
    while at < len(left) and (at == 0 or monotonic() < ends):
        progress.cursor = left[at]
        try:
            recalculate_order(order_id=left[at], request_key=f"{key}:{left[at]}", actor=actor, on=today)
        except DomainError as refusal:
            progress.add_refusal(left[at], text_of(refusal, request.business))
        at += 1
    return _page(request, len(orders), len(left) - at, progress)


def _page(request: StaffRequest, total: int, left: int, progress: Progress) -> Page:
    named = Order.objects.in_bulk([pk for pk, _ in progress.refused])
    return Page(
        total=total,
        left=left,
        progress=progress,
        refused=[(named[pk], text) for pk, text in progress.refused if pk in named],
        so_far=progress.signed(_about(request)),
    )


def _about(request: StaffRequest) -> str:
    return str(request.META["QUERY_STRING"])


def _differences(progress: Progress) -> list[Difference]:
    """What each partner gains or loses; the largest difference first."""
    names = dict(Partner.objects.filter(pk__in={pk for pk, _ in progress.sums}).values_list("pk", "name"))
    found = [
        Difference(names[pk], currency, outcome.old_minor, outcome.new_minor)
        for (pk, currency), outcome in progress.sums.items()
    ]
    return sorted(found, key=lambda one: (-abs(one.minor), one.name, one.currency))


def _sums(differences: Sequence[Difference]) -> list[Difference]:
    """All partners together, by currency."""
    return [
        Difference(
            name="",
            currency=currency,
            before_minor=sum(one.before_minor for one in differences if one.currency == currency),
            after_minor=sum(one.after_minor for one in differences if one.currency == currency),
        )
        for currency in sorted({one.currency for one in differences})
    ]


def _posted(actor_id: int, key: str) -> list[Money]:
    """What the run has posted so far, by currency, from its events."""
    rows = (
        Event.objects.filter(actor_id=actor_id, name="order.recalculated", request_key__startswith=f"{key}:")
        .annotate(
            currency=KT("payload__currency"),
            minor=Cast(KT("payload__posted_minor"), BigIntegerField()),
        )
        .values_list("currency")
        .annotate(Sum("minor"), Count("pk"))
        .order_by("currency")
    )
    return [Money(int(minor), currency) for currency, minor, _count in rows]
