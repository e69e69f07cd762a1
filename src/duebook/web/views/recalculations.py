"""Recalculating many orders: choose them, see the difference, then run, some orders a request.

A request recalculates orders for a few seconds and answers how far it came; the page then asks for the next.
What is done is counted from its events, so a run that was left goes on where it stopped, and nothing is done
twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.db.models import BigIntegerField, Count, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.orders.models import Order
from duebook.partners.models import Program
from duebook.partners.queries import partners_to_offer
from duebook.sales.services.recalculate_order import chosen_orders, preview_recalculation, recalculate_order
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.order_commissions import ChoiceOfOrdersForm
from duebook.web.request import StaffRequest, actor_of, requires, today_of

PREVIEWED = 100
"""How many orders are previewed one by one; beyond that the difference is that of the first ones."""
_SECONDS = 4.0
_REFUSALS_SHOWN = 20


@dataclass(slots=True)
class PartnerDifference:
    """What recalculating does to one partner in one currency, in minor units."""

    name: str
    currency: str
    before_minor: int = 0
    after_minor: int = 0

    @property
    def minor(self) -> int:
        return self.after_minor - self.before_minor


@dataclass(slots=True)
class ManyOrders:
    """The preview: how many orders, how many of them change, and by how much for whom."""

    count: int
    previewed: int = 0
    changing: int = 0
    refused: list[tuple[Order, str]] = field(default_factory=list)
    more_refused: int = 0
    partners: list[PartnerDifference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """How far a run came; ``cursor`` is the last order it looked at."""

    total: int
    left: int
    cursor: int
    posted: list[Money]
    refused: list[tuple[Order, str]]
    refused_ids: list[int]

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
    run = KeyedForm(request.POST or None)
    context["form"] = run
    if request.method == "POST" and run.is_valid():
        context["run"] = _go_on(request, orders, run.key)
        return render(request, "web/programs/recalculating.html", context)
    context["preview"] = _preview(request, orders)
    return render(request, "web/programs/recalculations.html", context)


def _preview(request: StaffRequest, orders: Sequence[int]) -> ManyOrders:
    actor, today = actor_of(request), today_of(request)
    found = ManyOrders(count=len(orders))
    by_id = Order.objects.in_bulk(list(orders[:PREVIEWED]))
    sums: dict[tuple[int, str], PartnerDifference] = {}
    for order_id in orders[:PREVIEWED]:
        found.previewed += 1
        try:
            steps = preview_recalculation(order_id=order_id, actor=actor, on=today)
        except DomainError as refusal:
            if len(found.refused) < _REFUSALS_SHOWN:
                found.refused.append((by_id[order_id], text_of(refusal, request.business)))
            else:
                found.more_refused += 1
            continue
        found.changing += any(step.minor for step in steps)
        for step in steps:
            _add(sums, step, by_id[order_id].currency)
    found.partners = sorted(sums.values(), key=lambda one: (one.name, one.currency))
    return found


def _add(sums: dict[tuple[int, str], PartnerDifference], step: CommissionStep, currency: str) -> None:
    if not step.accrual.earned_minor and not step.after.earned_minor:
        return
    key = (step.accrual.partner_id, currency)
    one = sums.setdefault(key, PartnerDifference(step.accrual.partner_name, currency))
    one.before_minor += step.accrual.earned_minor
    one.after_minor += step.after.earned_minor


def _go_on(request: StaffRequest, orders: Sequence[int], key: str) -> Run:
    """Recalculate further orders until the time of one request is up."""
    actor, today = actor_of(request), today_of(request)
    sent = request.POST.get("cursor", "")
    cursor = int(sent) if sent.isascii() and sent.isdigit() else 0
    refused = [int(pk) for pk in request.POST.getlist("refused") if pk.isascii() and pk.isdigit()]
    words: dict[int, str] = dict.fromkeys(refused, "")
    left = [pk for pk in orders if pk > cursor]
    ends = monotonic() + _SECONDS
    while left and monotonic() < ends:
        cursor = left.pop(0)
        try:
            recalculate_order(order_id=cursor, request_key=f"{key}:{cursor}", actor=actor, on=today)
        except DomainError as refusal:
            words[cursor] = text_of(refusal, request.business)
    named = Order.objects.in_bulk(list(words)[:_REFUSALS_SHOWN])
    return Run(
        total=len(orders),
        left=len(left),
        cursor=cursor,
        posted=_posted(actor.user_id, key),
        refused=[(named[pk], words[pk]) for pk in words if pk in named],
        refused_ids=list(words),
    )


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
