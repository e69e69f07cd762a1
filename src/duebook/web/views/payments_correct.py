"""Correcting a payment: the form filled in as it was recorded; saving undoes it and records what is right."""

from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.payments.models import Payment
from duebook.payments.queries import applied_by, payment_by_id, payment_just_made
from duebook.payments.services.correct_payment import correct_payment, preview_correction
from duebook.payments.services.record_payment import RecordedPayment
from duebook.payments.services.reverse_payment import preview_reversal
from duebook.web.forms.payment_acts import CorrectionForm
from duebook.web.forms.payment_words import Mode, SurplusChoice, seen_text
from duebook.web.mail import email_receipt_later
from duebook.web.payment_notice import back_to_origin
from duebook.web.payment_page import Purpose, asked_mode, show_form, show_preview
from duebook.web.payment_scene import Scene, read_scene
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RECORD_PAYMENTS)
def payment_correction(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The form with the payment as it is; ``?contact=`` chooses another contact."""
    payment = payment_by_id(payment_id)
    contact_id = _contact_id(request, payment)
    scene = read_scene(request, contact_id, corrects=payment)
    purpose = _purpose(request, payment, contact_id)
    if request.method != "POST":
        preview_reversal(payment_id=payment_id, actor=actor_of(request), on=today_of(request))
        mode = _first_mode(request, payment, scene)
        form = CorrectionForm(scene, mode=mode, initial=_first_values(request, payment, scene, mode))
        return show_form(request, form, purpose)
    form = CorrectionForm(scene, mode=asked_mode(request), data=request.POST)
    if form.is_valid():
        recorded = form.carry_out(
            request.business,
            partial(_correct, request, payment_id, form),
            reread=partial(read_scene, request, contact_id, corrects=payment),
        )
        if recorded is not None:
            origin = form.cleaned_data["origin"]
            return back_to_origin(request, payment_just_made(recorded.payment_id), origin, corrects=payment)
    return show_form(request, form, purpose)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RECORD_PAYMENTS)
def payment_correction_preview(request: StaffRequest, payment_id: int) -> HttpResponse:
    """What the correction as typed would do."""
    if request.method != "POST":
        return redirect("web:payment_correction", payment_id)
    payment = payment_by_id(payment_id)
    contact_id = _contact_id(request, payment)
    scene = read_scene(request, contact_id, corrects=payment)
    return show_preview(request, CorrectionForm, scene, _purpose(request, payment, contact_id))


@transaction.atomic
def _correct(request: StaffRequest, payment_id: int, form: CorrectionForm) -> RecordedPayment:
    recorded = correct_payment(
        payment_id=payment_id,
        wanted=form.wanted(),
        reason=form.cleaned_data["reason"],
        request_key=form.key,
        actor=actor_of(request),
        on=today_of(request),
    )
    if form.cleaned_data.get("email_receipt") and not recorded.repeated:
        email_receipt_later(recorded.payment_id)
    return recorded


def _contact_id(request: StaffRequest, payment: Payment) -> int:
    """The contact from whom the payment really came."""
    asked = request.GET.get("contact", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else payment.contact_id


def _purpose(request: StaffRequest, payment: Payment, contact_id: int) -> Purpose:
    asked = f"?contact={contact_id}" if contact_id != payment.contact_id else ""
    return Purpose(
        url=reverse("web:payment_correction", args=[payment.pk]) + asked,
        preview_url=reverse("web:payment_correction_preview", args=[payment.pk]) + asked,
        back_url=reverse("web:payment", args=[payment.pk]),
        decide=lambda wanted: preview_correction(
            payment_id=payment.pk, wanted=wanted, actor=actor_of(request), on=today_of(request)
        ),
        corrects=payment,
    )


def _first_mode(request: StaffRequest, payment: Payment, scene: Scene) -> Mode:
    """As the payment was recorded; for another contact what fits it."""
    if scene.contact.pk != payment.contact_id:
        return asked_mode(request, Mode.ONE if scene.dues else Mode.ACCOUNT)
    count = len(applied_by(payment))
    return asked_mode(request, Mode.ACCOUNT if count == 0 else Mode.ONE if count == 1 else Mode.SPLIT)


def _first_values(request: StaffRequest, payment: Payment, scene: Scene, mode: Mode) -> dict[str, Any]:
    values: dict[str, Any] = {
        "mode": mode.value,
        "amount": Money(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "received_on": payment.received_on,
        "payment_type": payment.payment_type_id,
        "reference": payment.reference,
        "notes": payment.notes,
        "apply_to_commissions": payment.apply_to_commissions,
        "email_receipt": scene.business.email_receipts,
        "seen": seen_text(scene),
    }
    parts = applied_by(payment) if scene.contact.pk == payment.contact_id else []
    if parts and payment.credit_minor:
        values["surplus"] = SurplusChoice.KEEP.value
    if mode is Mode.SPLIT:
        values |= {f"part_{part.invoice.pk}": part.amount for part in parts}
    asked = request.GET.get("invoice", "")
    due = scene.due(int(asked)) if asked.isdecimal() and len(asked) < 19 else None
    if due is None and mode is Mode.ONE:
        due = scene.due(parts[0].invoice.pk) if parts else scene.dues[0] if len(scene.dues) == 1 else None
    if due is not None:
        values |= {"invoice": due.id, "prefilled": str(due.id)}
    return values
