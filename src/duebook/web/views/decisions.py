"""Money needing a decision: what no job brings to its end by itself, each with what can be done about it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duebook.domain.permissions import Right
from duebook.events.rows import row_by_id
from duebook.gateways.services.resolve_webhook import resolve_webhook
from duebook.gateways.services.retry_webhook import retry_webhook
from duebook.gateways.state import failed_message
from duebook.payments.models import GatewayRefund
from duebook.payments.services.ask_about_refund_now import ask_about_refund_now
from duebook.payments.services.resolve_refused_refund import resolve_refused_refund
from duebook.payments.services.review_settlement_return import review_settlement_return
from duebook.payments.to_decide import (
    charged_credit,
    disputed_charges,
    disputes_to_see,
    failed_messages,
    open_charges_to_decide,
    open_refunds_to_decide,
    outcomes_to_decide,
    refund_requests_to_decide,
    refunds_that_came_back,
    refused_refunds,
    settlement_returns_to_see,
)
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.forms.messages import ResolutionForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires
from duebook.web.words.disputes import told_disputes

MOST = 100
"""Of each kind; the oldest first, so that what follows comes up as the first are decided."""


@require_safe
@requires(Right.VIEW)
def decisions(request: StaffRequest) -> HttpResponse:
    """All of it on one page; empty means clean, and says so."""
    parts, has_more = _oldest_of_each()
    proposed = parts["proposed"]
    context = {
        **parts,
        "disputes": told_disputes(parts["disputes"], request.business),
        "said_of_charges": {one.charge_id for one in proposed},
        "said_of_refunds": {one.gateway_refund_id for one in proposed},
        "most": MOST if has_more else None,
        "request_key": new_request_key(),
    }
    return render(request, "web/decisions/list.html", context)


def _oldest_of_each() -> tuple[dict[str, list[Any]], bool]:
    """What the page shows of each kind, and whether there is more of any."""
    shown = ("contact", "payment_method", "merchant_account")
    parts: dict[str, QuerySet[Any]] = {
        "open_charges": open_charges_to_decide().select_related(*shown).order_by("prepared_at", "id"),
        "disputed": disputed_charges().select_related(*shown).order_by("prepared_at", "id"),
        "disputes": disputes_to_see().select_related("payment__contact").order_by("waits_since", "id"),
        "came_back": settlement_returns_to_see()
        .select_related("settlement", "merchant_account")
        .order_by("waits_since", "id"),
        "refunds": open_refunds_to_decide()
        .select_related("payment__contact", "charge__payment_method", "charge__merchant_account")
        .order_by("prepared_at", "id"),
        "refused": refused_refunds()
        .select_related("payment__contact", "charge__payment_method")
        .order_by("settled_at", "id"),
        "refunds_back": refunds_that_came_back().select_related("payment__contact", "account").order_by("id"),
        "asked_for": refund_requests_to_decide()
        .select_related("payment__contact")
        .order_by("asked_at", "id"),
        "proposed": outcomes_to_decide()
        .select_related("charge__contact", "gateway_refund__payment__contact")
        .order_by("asked_at", "id"),
        "credit": charged_credit().select_related("contact").order_by("id"),
        "not_booked": failed_messages().select_related("merchant_account").order_by("received_at"),
    }
    rows = {name: list(part[: MOST + 1]) for name, part in parts.items()}
    return {name: some[:MOST] for name, some in rows.items()}, any(len(some) > MOST for some in rows.values())


@require_POST
@requires(Right.REFUND)
def refund_inquiry(request: StaffRequest, attempt_id: int) -> HttpResponse:
    """Ask the processor now what became of a refund. Not inside a transaction."""
    state = ask_about_refund_now(attempt_id=attempt_id, actor=actor_of(request))
    label = str(GatewayRefund.States(state.value).label)
    add_notice(request, _("R-%(number)s: %(state)s.") % {"number": attempt_id, "state": label})
    return redirect("web:decisions")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def refund_resolution(request: StaffRequest, attempt_id: int) -> HttpResponse:
    """Say that nothing more is to be done about a refund that the processor refused."""
    rows = GatewayRefund.objects.select_related("payment__contact", "charge__payment_method")
    attempt = row_by_id(rows, attempt_id, "Refund")
    form = ResolutionForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: resolve_refused_refund(
            attempt_id=attempt_id,
            note=form.cleaned_data["note"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Marked as dealt with."))
        return redirect("web:decisions")
    context = {"form": form, "attempt": attempt}
    return render(request, "web/decisions/refund_resolution.html", context, status=form.status)


@require_POST
@requires(Right.RESOLVE_MESSAGES)
def settlement_return_review(request: StaffRequest, return_id: int) -> HttpResponse:
    """Say that somebody has seen that the bank sent a settlement back."""
    form = KeyedForm(request.POST)
    if form.is_valid():
        review_settlement_return(return_id=return_id, request_key=form.key, actor=actor_of(request))
        add_notice(request, _("Marked as seen."))
    return redirect("web:decisions")


@require_POST
@requires(Right.RESOLVE_MESSAGES)
def message_retry(request: StaffRequest, message_id: int) -> HttpResponse:
    """Process a failed message again."""
    form = KeyedForm(request.POST)
    if form.is_valid():
        retry_webhook(message_id=message_id, request_key=form.key, actor=actor_of(request))
        add_notice(request, _("The message is being processed again."))
    return redirect("web:decisions")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RESOLVE_MESSAGES)
def message_resolution(request: StaffRequest, message_id: int) -> HttpResponse:
    """Say that a failed message was dealt with, and how."""
    form = ResolutionForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: resolve_webhook(
            message_id=message_id,
            note=form.cleaned_data["note"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Marked as dealt with."))
        return redirect("web:decisions")
    context = {"form": form, "message": failed_message(message_id)}
    return render(request, "web/decisions/resolution.html", context, status=form.status)
