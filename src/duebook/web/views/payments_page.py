"""One payment: its facts, what it is applied to, what happened to it, and what may be done with it."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.payments.models import Payment
from duebook.payments.queries import account_of, applied_by, payment_by_id, refunds_of
from duebook.payments.services.reverse_payment import may_reverse
from duebook.web.request import StaffRequest, actor_of, today_of
from duebook.web.timeline import told

_MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Acts:
    """What this person may do with this payment as it stands; the services check again."""

    undo: bool
    correct: bool
    take_back: bool
    refund: bool
    move: bool
    amend: bool


@require_safe
def payment(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The payment's page."""
    found = payment_by_id(payment_id)
    events = Event.objects.filter(payment_id=payment_id).order_by("-id")[:_MOST_EVENTS]
    context = {
        "payment": found,
        "contact": found.contact,
        "reversal": getattr(found, "reversal", None),
        "bank_return": getattr(found, "bank_return", None),
        "refunds": refunds_of(found),
        "parts": applied_by(found),
        "booked_to": account_of(found),
        "entries": told(events, request.business),
        "acts": _acts(request, found),
    }
    return render(request, "web/payments/page.html", context)


def _acts(request: StaffRequest, payment: Payment) -> Acts:
    actor = actor_of(request)
    gone = payment.reversed_minor + payment.returned_minor + payment.refunded_minor
    stands = gone < payment.amount_minor
    is_money = payment.kind == PaymentKind.MONEY.value
    undo = not gone and payment.charge_id is None and may_reverse(payment, actor, today_of(request))
    return Acts(
        undo=undo,
        correct=undo and actor.may(Right.RECORD_PAYMENTS) and (is_money or actor.may(Right.ADJUST)),
        take_back=stands and is_money and actor.may(Right.RETURN_PAYMENTS),
        refund=stands and is_money and actor.may(Right.REFUND),
        move=stands and is_money and actor.may(Right.MOVE_ALLOCATIONS),
        amend=actor.may(Right.AMEND_NOTES),
    )
