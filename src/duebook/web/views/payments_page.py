"""One payment: its facts, what it is applied to, what happened to it, and what may be done with it."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.domain.refunding import RefundMeans
from duebook.events.models import Event
from duebook.payments.models import GatewayRefund, Payment, Refund
from duebook.payments.outcomes import waiting_proposal_of
from duebook.payments.queries import (
    account_of,
    applied_by,
    charge_of,
    disputes_of,
    gateway_refunds_of,
    payment_by_id,
    refunds_of,
)
from duebook.payments.refund_requests import waiting_request_of
from duebook.payments.services.reverse_payment import may_reverse
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, today_of
from duebook.web.timeline import told
from duebook.web.words.disputes import told_disputes
from duebook.web.words.refunds import outcome_of

_MOST_EVENTS = 200
_UNDER_WAY = "refund-under-way"
"""The id of the notice that asks whether a refund to the card has its outcome."""


@dataclass(frozen=True, slots=True)
class Acts:
    """What this person may do with this payment as it stands; the services check again."""

    undo: bool
    undo_refunds: frozenset[int]
    correct: bool
    take_back: bool
    refund: bool
    move: bool
    amend: bool


@require_safe
def payment(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The payment's page; while a refund to the card is under way it asks for itself every few seconds."""
    asks = request.headers.get("HX-Target") == _UNDER_WAY
    answer = _follow(request, payment_id) if asks else _page(request, payment_id)
    patch_vary_headers(answer, ["HX-Target"])
    return answer


def _page(request: StaffRequest, payment_id: int) -> HttpResponse:
    found = payment_by_id(payment_id)
    attempts = gateway_refunds_of(found)
    under_way = next((attempt for attempt in attempts if attempt.is_open), None)
    refunds = refunds_of(found)
    events = Event.objects.filter(payment_id=payment_id).order_by("-id")[:_MOST_EVENTS]
    context = {
        "payment": found,
        "contact": found.contact,
        "reversal": getattr(found, "reversal", None),
        "bank_return": getattr(found, "bank_return", None),
        "refunds": refunds,
        "charge": charge_of(found),
        "disputes": told_disputes(disputes_of(found), request.business),
        "attempts": attempts,
        "asked_for": waiting_request_of(payment_id),
        "proposed": waiting_proposal_of(under_way) if under_way else None,
        "under_way": under_way,
        "parts": applied_by(found),
        "booked_to": account_of(found),
        "entries": told(events, request.business),
        "acts": _acts(request, found, attempts, refunds),
    }
    return render(request, "web/payments/page.html", context)


def _follow(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Nothing while the outcome is to come; then its words as a notice, and the page anew."""
    rows = GatewayRefund.objects.filter(payment=payment_id)
    last = rows.select_related("payment", "charge__payment_method").order_by("-id").first()
    if last is not None and last.is_open:
        return HttpResponse(status=204)
    if last is not None:
        add_notice(request, outcome_of(last, request.business))
    return HttpResponse(headers={"HX-Refresh": "true"})


def _acts(
    request: StaffRequest, payment: Payment, attempts: list[GatewayRefund], refunds: list[Refund]
) -> Acts:
    actor, on = actor_of(request), today_of(request)
    under_way = any(attempt.is_open for attempt in attempts)
    came_back = {attempt.pk for attempt in attempts if attempt.came_back_at}
    gone = payment.reversed_minor + payment.returned_minor + payment.refunded_minor
    stands = gone < payment.amount_minor and not under_way
    is_money = payment.kind == PaymentKind.MONEY.value
    undo = not gone and payment.charge_id is None and may_reverse(payment, actor, on)
    return Acts(
        undo=undo,
        undo_refunds=frozenset(
            refund.pk
            for refund in refunds
            if (refund.means == RefundMeans.BY_HAND.value or refund.gateway_refund_id in came_back)
            and not hasattr(refund, "reversal")
            and getattr(payment, "bank_return", None) is None
            and not under_way
            and may_reverse(refund, actor, on)
        ),
        correct=undo and actor.may(Right.RECORD_PAYMENTS) and (is_money or actor.may(Right.ADJUST)),
        take_back=stands and is_money and actor.may(Right.RETURN_PAYMENTS),
        refund=stands and is_money and actor.may(Right.REFUND),
        move=stands and is_money and actor.may(Right.MOVE_ALLOCATIONS),
        amend=actor.may(Right.AMEND_NOTES),
    )
