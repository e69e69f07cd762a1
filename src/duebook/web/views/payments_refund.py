"""Giving money of a payment back: to the card that was charged, or by hand."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import AboveCaptured, AboveLimit
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.permissions import Actor, Right
from duebook.payments.models import GatewayRefund, Payment
from duebook.payments.queries import (
    account_of,
    applied_by,
    charge_of,
    disputes_of,
    payment_by_id,
    refund_accounts,
)
from duebook.payments.refund_requests import waiting_request_of
from duebook.payments.services.refund_payment import preview_refund, refund_payment
from duebook.payments.services.refund_through_gateway import preview_gateway_refund, refund_through_gateway
from duebook.payments.services.request_refund import request_refund
from duebook.web import payment_preview
from duebook.web.errors import text_of
from duebook.web.formats import figure
from duebook.web.forms.payment_words import sent_as
from duebook.web.forms.refunds import ASK, BY_HAND, RefundForm, RefundScene, changed_to_by_hand
from duebook.web.notices import add_notice
from duebook.web.payment_act import Act, perform
from duebook.web.payment_page import unfinished_form
from duebook.web.payment_preview import Preview
from duebook.web.refund_turns import read_turns
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.words.refunds import outcome_of, refusal_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def payment_refund(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Ask how much goes back and what shall be owed afterwards, show what it does, then do it.

    Not inside a transaction: a refund to the card calls the gateway.
    """
    payment = payment_by_id(payment_id)
    actor = actor_of(request)
    scene = _scene(request, payment, actor)
    turns = read_turns(request)
    sent: QueryDict = request.POST
    if sent.get("preview") == BY_HAND:
        sent = changed_to_by_hand(sent)
    form = RefundForm(scene, sent or None, initial=_first_values(request, scene))
    attempt: GatewayRefund | None = None

    def write() -> None:
        nonlocal attempt
        if ASK in request.POST:
            _ask_for_approval(scene, form, actor)
        else:
            attempt = _give_back(scene, form, actor)

    def done() -> HttpResponse:
        if ASK in request.POST:
            sentence = _("The refund waits for another person’s approval. Nothing has gone back yet.")
        elif attempt is None:
            amount = figure(form.cleaned_data["amount"], request.business)
            sentence = _("%(amount)s of %(payment)s is refunded.") % {"amount": amount, "payment": payment}
        else:
            sentence = outcome_of(attempt, request.business)
        if sentence:
            add_notice(request, sentence)
        if turns.next_url:
            return redirect(turns.next_url)
        if turns.total > 1:
            return redirect("web:contact_payments", payment.contact_id)
        return redirect("web:payment", payment_id)

    act = Act(
        template="web/payments/refund.html",
        preview=lambda: _preview(scene, form, actor),
        write=write,
        done=done,
        context={
            "payment": payment,
            "contact": payment.contact,
            "charge": scene.charge,
            "turns": turns,
            "asked_for": waiting_request_of(payment_id),
            "is_disputed": any(dispute.is_open for dispute in disputes_of(payment)),
        },
    )
    return perform(request, form, act)


def _scene(request: StaffRequest, payment: Payment, actor: Actor) -> RefundScene:
    return RefundScene(
        payment=payment,
        parts=applied_by(payment),
        accounts=list(refund_accounts()),
        came_to=account_of(payment),
        may_adjust=actor.may(Right.ADJUST),
        business=request.business,
        today=today_of(request),
        charge=charge_of(payment),
        chosen_minor=read_turns(request).minor,
    )


def _preview(scene: RefundScene, form: RefundForm, actor: Actor) -> Preview:
    asked = form
    if not form.is_bound:
        asked = RefundForm(scene, sent_as(form))
        asked.full_clean()
        if unfinished := unfinished_form(asked):
            return unfinished
    decide = preview_gateway_refund if asked.to_card else preview_refund
    try:
        decision = decide(payment_id=scene.payment.pk, wanted=asked.wanted(), actor=actor, on=scene.today)
    except AboveLimit as error:
        # A smaller part, or another way, may be within the limit, so the page is not pointless.
        can_ask = _("Send the form all the same, and you can ask for approval.")
        return Preview(problem=f"{text_of(error, scene.business)} {can_ask}")
    except AboveCaptured as error:
        return Preview(problem=text_of(error, scene.business))
    return payment_preview.of_refund(decision, scene.business)


def _first_values(request: StaffRequest, scene: RefundScene) -> dict[str, Any]:
    """What the form shows first; in the place of a refused refund that the address names, one by hand."""
    refused = request.GET.get("instead-of", "")
    if refused.isdecimal() and len(refused) < 19:
        attempt = GatewayRefund.objects.filter(payment=scene.payment, pk=int(refused)).first()
        if attempt is not None:
            return scene.by_hand_instead(attempt)
    return scene.first_values()


def _ask_for_approval(scene: RefundScene, form: RefundForm, actor: Actor) -> None:
    request_refund(
        payment_id=scene.payment.pk,
        wanted=form.wanted(),
        request_key=form.key,
        actor=actor,
        on=scene.today,
    )


def _give_back(scene: RefundScene, form: RefundForm, actor: Actor) -> GatewayRefund | None:
    """The attempt of a refund to the card, None of one by hand. Raises RefundRefused and what they raise."""
    try:
        attempt = _refund(scene, form, actor)
    except AboveLimit:
        form.is_above_limit = True
        raise
    if attempt is not None and attempt.state == RefundState.FAILED.value:
        form.refused()
        raise refusal_of(attempt)
    return attempt


def _refund(scene: RefundScene, form: RefundForm, actor: Actor) -> GatewayRefund | None:
    payment_id, on = scene.payment.pk, scene.today
    if not form.to_card:
        refund_payment(payment_id=payment_id, wanted=form.wanted(), request_key=form.key, actor=actor, on=on)
        return None
    return refund_through_gateway(
        payment_id=payment_id, wanted=form.wanted(), request_key=form.key, actor=actor, on=on
    )
