"""Giving money of a payment back by hand."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import AboveLimit
from duebook.domain.permissions import Right
from duebook.payments.queries import account_of, applied_by, payment_by_id, refund_accounts
from duebook.payments.services.refund_payment import preview_refund, refund_payment
from duebook.web import payment_preview
from duebook.web.errors import text_of
from duebook.web.formats import figure
from duebook.web.forms.payment_words import sent_as
from duebook.web.forms.refunds import RefundForm, RefundScene
from duebook.web.notices import add_notice
from duebook.web.payment_act import Act, perform
from duebook.web.payment_page import unfinished_form
from duebook.web.payment_preview import Preview
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def payment_refund(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Ask how much goes back and what shall be owed afterwards, show what it does, then record it."""
    payment = payment_by_id(payment_id)
    actor, on = actor_of(request), today_of(request)
    scene = RefundScene(
        payment=payment,
        parts=applied_by(payment),
        accounts=list(refund_accounts()),
        came_to=account_of(payment),
        may_adjust=actor.may(Right.ADJUST),
        business=request.business,
        today=on,
    )
    form = RefundForm(scene, request.POST or None)

    def preview() -> Preview:
        asked = form
        if not form.is_bound:
            asked = RefundForm(scene, sent_as(form))
            asked.full_clean()
            if unfinished := unfinished_form(asked):
                return unfinished
        try:
            decision = preview_refund(payment_id=payment_id, wanted=asked.wanted(), actor=actor, on=on)
        except AboveLimit as error:
            # A smaller part may be within the limit, so the page is not pointless.
            return Preview(problem=text_of(error, request.business))
        return payment_preview.of_refund(decision, request.business)

    def done() -> HttpResponse:
        sentence = _("%(amount)s of %(payment)s is refunded.")
        amount = figure(form.cleaned_data["amount"], request.business)
        add_notice(request, sentence % {"amount": amount, "payment": payment})
        return redirect("web:payment", payment_id)

    act = Act(
        template="web/payments/refund.html",
        preview=preview,
        write=lambda: refund_payment(
            payment_id=payment_id, wanted=form.wanted(), request_key=form.key, actor=actor, on=on
        ),
        done=done,
        context={"payment": payment, "contact": payment.contact},
    )
    return perform(request, form, act)
