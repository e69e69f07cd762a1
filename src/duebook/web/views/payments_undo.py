"""Undoing a payment or a refund that was entered by mistake, and recording that the bank took one back."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import GatewayPaymentFixed
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.payments.models import Payment
from duebook.payments.queries import payment_by_id
from duebook.payments.refund_state import came_back, refund_by_id
from duebook.payments.services.return_payment import preview_return, return_payment
from duebook.payments.services.reverse_payment import preview_reversal, reverse_payment
from duebook.payments.services.reverse_refund import preview_refund_reversal, reverse_refund
from duebook.web import payment_preview
from duebook.web.errors import status_of, text_of
from duebook.web.formats import figure
from duebook.web.forms.payment_acts import ReturnForm, UndoForm
from duebook.web.notices import add_notice
from duebook.web.payment_act import Act, fill_in_hint, perform, typed_or
from duebook.web.payment_preview import Preview
from duebook.web.payment_scene import read_scene
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.way_back import way_back

_STAND_IN = "preview"


@require_http_methods(["GET", "HEAD", "POST"])
def payment_reversal(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Show everything that undoing will do and ask why, then undo; of a charge say what to do instead."""
    payment = payment_by_id(payment_id)
    if payment.charge_id is not None:
        return _refund_instead(request, payment)
    actor, on = actor_of(request), today_of(request)
    form = UndoForm(request.POST or None)
    act = Act(
        template="web/payments/undo.html",
        preview=lambda: payment_preview.of_reversal(
            preview_reversal(payment_id=payment_id, actor=actor, on=on), request.business
        ),
        write=lambda: reverse_payment(
            payment_id=payment_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor,
            on=on,
        ),
        done=partial(_done, request, payment, _("Payment %(payment)s of %(amount)s is undone.")),
        context={
            "payment": payment,
            "contact": payment.contact,
            "back": way_back(request, payment_id),
        },
    )
    return perform(request, form, act)


@require_http_methods(["GET", "HEAD", "POST"])
def refund_reversal(request: StaffRequest, refund_id: int) -> HttpResponse:
    """Show everything that undoing the refund will do and ask why, then undo it."""
    refund = refund_by_id(refund_id)
    payment, is_back = refund.payment, came_back(refund)
    actor, on = actor_of(request), today_of(request)
    form = UndoForm(request.POST or None)

    def done() -> HttpResponse:
        amount = figure(Money(refund.amount_minor, refund.currency), request.business)
        words = (
            _("The refund of %(amount)s of %(payment)s is booked back.")
            if is_back
            else _("The refund of %(amount)s of %(payment)s is undone.")
        )
        add_notice(request, words % {"amount": amount, "payment": payment})
        return redirect("web:payment", payment.pk)

    act = Act(
        template="web/payments/undo_refund.html",
        preview=lambda: payment_preview.of_refund_reversal(
            preview_refund_reversal(refund_id=refund_id, actor=actor, on=on), request.business
        ),
        write=lambda: reverse_refund(
            refund_id=refund_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor,
            on=on,
        ),
        done=done,
        context={"payment": payment, "contact": payment.contact, "refund": refund, "is_back": is_back},
    )
    return perform(request, form, act)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RETURN_PAYMENTS)
def payment_return(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Record that the bank took the payment back: the invoices are open again from that day."""
    payment = payment_by_id(payment_id)
    actor, on = actor_of(request), today_of(request)
    scene = read_scene(request, payment.contact_id)
    form = ReturnForm(scene, payment, request.POST or None, initial={"returned_on": on})

    def preview() -> Preview:
        day, fee = typed_or(form, "returned_on"), typed_or(form, "fee")
        if day is None:
            return fill_in_hint()
        return payment_preview.of_return(
            preview_return(
                payment_id=payment_id, returned_on=day, reason=_STAND_IN, fee=fee, actor=actor, on=on
            ),
            request.business,
        )

    act = Act(
        template="web/payments/return.html",
        preview=preview,
        write=lambda: return_payment(
            payment_id=payment_id,
            returned_on=form.cleaned_data["returned_on"],
            reason=form.cleaned_data["reason"],
            fee=form.cleaned_data["fee"],
            request_key=form.key,
            actor=actor,
            on=on,
        ),
        done=partial(
            _done, request, payment, _("Payment %(payment)s of %(amount)s was returned by the bank.")
        ),
        context={"payment": payment, "contact": payment.contact},
    )
    return perform(request, form, act)


def _refund_instead(request: StaffRequest, payment: Payment) -> HttpResponse:
    refusal = GatewayPaymentFixed(number=payment)
    context = {
        "payment": payment,
        "explanation": text_of(refusal, request.business),
        "status": status_of(refusal),
    }
    return render(request, "web/payments/refund_instead.html", context, status=status_of(refusal))


def _done(request: StaffRequest, payment: Payment, sentence: str) -> HttpResponse:
    amount = figure(Money(payment.amount_minor, payment.currency), request.business)
    add_notice(request, sentence % {"payment": payment, "amount": amount})
    return redirect(way_back(request, payment.pk))
