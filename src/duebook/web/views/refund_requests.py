"""Refunds above somebody's limit: what is asked for, what it would do now, and what a second person says."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duebook.domain.errors import DomainError
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.ledger.models import Account
from duebook.payments.models import RefundRequest
from duebook.payments.queries import charge_of
from duebook.payments.refund_requests import request_by_id
from duebook.payments.services.approve_refund_request import (
    approve_refund_request,
    attempt_of,
    preview_refund_request,
)
from duebook.payments.services.reject_refund_request import reject_refund_request
from duebook.payments.services.withdraw_refund_request import withdraw_refund_request
from duebook.staff.models import User
from duebook.web import payment_preview
from duebook.web.errors import text_of
from duebook.web.formats import figure
from duebook.web.forms.approvals import ApprovalForm, RejectionForm
from duebook.web.notices import add_notice
from duebook.web.payment_preview import Preview
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.words.refunds import outcome_of, refusal_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def refund_request(request: StaffRequest, request_id: int) -> HttpResponse:
    """The request; sending its form approves it. Not inside a transaction: it may call the gateway."""
    asked = request_by_id(request_id)
    form = ApprovalForm(request.POST or None)
    actor = actor_of(request)
    if form.carries_out(
        request.business,
        lambda: approve_refund_request(request_id=request_id, actor=actor, on=today_of(request)),
    ):
        add_notice(request, _sentence(request, request_by_id(request_id)))
        return redirect("web:payment", asked.payment_id)
    people = User.objects.in_bulk([asked.asked_by_id, asked.decided_by_id or 0])
    is_own = asked.asked_by_id == actor.user_id
    context = {
        "form": form,
        "asked": asked,
        "payment": asked.payment,
        "contact": asked.payment.contact,
        "charge": charge_of(asked.payment),
        "account": Account.objects.filter(pk=asked.wanted["account_id"]).first(),
        "asker": people.get(asked.asked_by_id),
        "decider": people.get(asked.decided_by_id or 0),
        "is_own": is_own,
        "preview": _preview(request, asked, actor) if asked.is_waiting else None,
        "panel_foot": _("Nothing is refunded until another person approves.")
        if is_own
        else _("Nothing is refunded until it is approved."),
    }
    return render(request, "web/refund_requests/page.html", context, status=form.status)


def _preview(request: StaffRequest, asked: RefundRequest, actor: Actor) -> Preview:
    """What approving would do now; who asked sees it without the limit that is asked about."""
    by = actor.without_limits() if asked.asked_by_id == actor.user_id else actor
    try:
        decision = preview_refund_request(request_id=asked.pk, actor=by, on=today_of(request))
    except DomainError as refusal:
        return Preview(problem=text_of(refusal, request.business))
    return payment_preview.of_refund(decision, request.business)


def _sentence(request: StaffRequest, asked: RefundRequest) -> str:
    attempt = attempt_of(asked)
    if attempt is None:
        amount = figure(Money(asked.amount_minor, asked.currency), request.business)
        return _("Approved: %(amount)s of %(payment)s is refunded.") % {
            "amount": amount,
            "payment": asked.payment,
        }
    if attempt.state == RefundState.FAILED.value:
        return text_of(refusal_of(attempt), request.business)
    return outcome_of(attempt, request.business) or _("Approved. The money is on its way to the card.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def refund_request_rejection(request: StaffRequest, request_id: int) -> HttpResponse:
    """Reject what another person asked for, with a reason."""
    asked = request_by_id(request_id)
    form = RejectionForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: reject_refund_request(
            request_id=request_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Rejected. Nothing is refunded."))
        return redirect("web:payment", asked.payment_id)
    context = {"form": form, "asked": asked, "payment": asked.payment, "contact": asked.payment.contact}
    return render(request, "web/refund_requests/reject.html", context, status=form.status)


@require_POST
@requires(Right.REFUND)
def refund_request_withdrawal(request: StaffRequest, request_id: int) -> HttpResponse:
    """Withdraw what one has asked for oneself."""
    asked = request_by_id(request_id)
    form = ApprovalForm(request.POST)
    if form.is_valid():
        withdraw_refund_request(request_id=request_id, request_key=form.key, actor=actor_of(request))
        add_notice(request, _("Withdrawn. Nothing is refunded."))
    return redirect("web:payment", asked.payment_id)
