"""Adding a payment: the form of one contact, its preview, and saving it once; a charge is confirmed first."""

from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import NothingDue
from duebook.domain.permissions import Right
from duebook.payments.queries import payment_just_made, usual_type
from duebook.payments.services.charge_card import preview_charged_payment
from duebook.payments.services.record_payment import (
    Duplicates,
    RecordedPayment,
    preview_payment,
    record_payment,
)
from duebook.staff.services.remember_payment_type import remember_payment_type
from duebook.web.charging import confirm_or_charge
from duebook.web.errors import text_of
from duebook.web.forms.payment_words import Mode, seen_text
from duebook.web.forms.payments import PaymentForm
from duebook.web.mail import email_receipt_later
from duebook.web.payment_notice import FROM_ORDER, back_to_origin
from duebook.web.payment_page import Purpose, asked_mode, show_form, show_preview
from duebook.web.payment_scene import Scene, read_scene
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RECORD_PAYMENTS)
def payment_add(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The form; sent, it records the payment and goes back to where the person came from."""
    scene = read_scene(request, contact_id)
    mode = asked_mode(request)
    if request.method != "POST":
        if not scene.dues and mode is not Mode.ACCOUNT:
            return _nothing_due(request, scene)
        form = PaymentForm(scene, mode=mode, initial=_first_values(request, scene, mode))
        return show_form(request, form, _purpose(request, scene))
    form = PaymentForm(scene, mode=mode, data=request.POST)
    if form.is_valid() and form.charges:
        return confirm_or_charge(request, form, _purpose(request, scene))
    if form.is_valid():
        recorded = form.carry_out(
            request.business,
            partial(_record, request, form),
            reread=partial(read_scene, request, contact_id),
        )
        if recorded is not None:
            return back_to_origin(
                request, payment_just_made(recorded.payment_id), form.cleaned_data["origin"]
            )
    return show_form(request, form, _purpose(request, form.scene))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RECORD_PAYMENTS)
def payment_preview(request: StaffRequest, contact_id: int) -> HttpResponse:
    """What the form as typed would do: the panel for htmx, the whole page without JavaScript."""
    if request.method != "POST":
        return redirect("web:payment_add", contact_id)
    scene = read_scene(request, contact_id)
    return show_preview(request, PaymentForm, scene, _purpose(request, scene))


@transaction.atomic
def _record(request: StaffRequest, form: PaymentForm) -> RecordedPayment:
    """The payment and what follows from it, all or nothing."""
    wanted = form.wanted()
    confirmed = request.POST.get("duplicates") == Duplicates.ALLOW.value
    recorded = record_payment(
        wanted=wanted,
        request_key=form.key,
        actor=actor_of(request),
        on=today_of(request),
        duplicates=Duplicates.ALLOW if confirmed else Duplicates.ASK,
    )
    if not recorded.repeated:
        if not form.scene.is_adjustment(wanted.payment_type_id):
            remember_payment_type(user_id=request.user.pk, payment_type_id=wanted.payment_type_id)
        if form.cleaned_data.get("email_receipt"):
            email_receipt_later(recorded.payment_id)
    return recorded


def _purpose(request: StaffRequest, scene: Scene) -> Purpose:
    contact_id = scene.contact.pk
    return Purpose(
        url=reverse("web:payment_add", args=[contact_id]),
        preview_url=reverse("web:payment_preview", args=[contact_id]),
        back_url=_back_url(request, contact_id),
        decide=lambda wanted: preview_payment(wanted=wanted, actor=actor_of(request), on=today_of(request)),
        decide_charge=lambda wanted: preview_charged_payment(
            wanted=wanted, actor=actor_of(request), on=today_of(request)
        ),
    )


def _back_url(request: StaffRequest, contact_id: int) -> str:
    """Where Cancel leads: the invoice's order when the person came from it, else the contact's Order tab."""
    sent = request.POST if request.method == "POST" else request.GET
    invoice = sent.get("invoice", "")
    if FROM_ORDER in (sent.get("origin"), sent.get("from")) and invoice.isdecimal() and len(invoice) < 19:
        return reverse("web:invoice", args=[int(invoice)])
    return reverse("web:contact_orders", args=[contact_id])


def _first_values(request: StaffRequest, scene: Scene, mode: Mode) -> dict[str, Any]:
    asked = request.GET.get("invoice", "")
    due = scene.due(int(asked)) if asked.isdecimal() and len(asked) < 19 else None
    if due is None and len(scene.dues) == 1:
        due = scene.dues[0]
    first_type = usual_type(scene.types, request.user.last_payment_type_id)
    values: dict[str, Any] = {
        "mode": mode.value,
        "received_on": scene.today,
        "payment_type": first_type.pk if first_type else None,
        "apply_to_commissions": first_type.apply_to_commissions if first_type else True,
        "email_receipt": scene.business.email_receipts,
        "origin": request.GET.get("from", "")[:20],
        "currency": request.GET.get("currency", ""),
        "seen": seen_text(scene),
    }
    if due is not None and mode is not Mode.ACCOUNT:
        values |= {
            "invoice": due.id,
            "amount": due.balance,
            "prefilled": str(due.id),
            "currency": due.balance.currency,
        }
        if mode is Mode.SPLIT:
            values[due.part_name] = due.balance
    return values


def _nothing_due(request: StaffRequest, scene: Scene) -> HttpResponse:
    refusal = NothingDue(name=scene.contact.name)
    context = {
        "contact": scene.contact,
        "credit": [amount for amount in scene.credit if amount],
        "explanation": text_of(refusal, scene.business),
    }
    return render(request, "web/payments/nothing_due.html", context, status=422)
