"""The page with the payment form and its panel, for adding a payment and for correcting one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from duebook.domain.charging import ChargeInput
from duebook.domain.errors import DomainError
from duebook.domain.recording import PaymentDecision, PaymentInput
from duebook.payments.models import Payment
from duebook.web import payment_preview
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.payment_card import confirmation_of, kept_as_hidden
from duebook.web.forms.payment_words import Mode, sent_as
from duebook.web.forms.payments import PaymentForm
from duebook.web.payment_preview import Preview
from duebook.web.payment_scene import Scene
from duebook.web.request import StaffRequest

PANEL = "preview"
"""The id of the panel: htmx names it when it asks for the panel alone."""

_MODES = {mode.value: mode for mode in Mode}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the form is for: its addresses and the decisions that the panel shows."""

    url: str
    preview_url: str
    back_url: str
    decide: Callable[[PaymentInput], PaymentDecision]
    decide_charge: Callable[[ChargeInput], PaymentDecision] | None = None
    corrects: Payment | None = None

    def in_mode(self, mode: Mode) -> str:
        """The address of the same form, fresh, in another mode."""
        return f"{self.url}{'&' if '?' in self.url else '?'}{mode.value}"

    @property
    def split_url(self) -> str:
        return self.in_mode(Mode.SPLIT)

    @property
    def one_url(self) -> str:
        return self.in_mode(Mode.ONE)

    @property
    def account_url(self) -> str:
        return self.in_mode(Mode.ACCOUNT)


def asked_mode(request: StaffRequest, usual: Mode = Mode.ONE) -> Mode:
    """What the payment is for, as the form or the address says; else the usual."""
    if request.method == "POST":
        return _MODES.get(request.POST.get("mode", ""), usual)
    return next((mode for name, mode in _MODES.items() if name in request.GET), usual)


def show_preview(
    request: StaffRequest, form_class: type[PaymentForm], scene: Scene, purpose: Purpose
) -> HttpResponse:
    """What the form as typed would do, or the same form in another mode; nothing is written."""
    switched = _MODES.get(request.POST.get("switch", ""))
    if switched is not None:
        first = _carried_over(request.POST, switched, scene)
        return show_form(request, form_class(scene, mode=switched, initial=first), purpose)
    form = form_class(scene, mode=asked_mode(request), data=request.POST)
    if request.POST.get("fill") == "oldest":
        form.fill_oldest_first()
    form.previews = True
    form.full_clean()
    return show_form(request, form, purpose)


def show_form(
    request: StaffRequest, form: PaymentForm, purpose: Purpose, *, status: int | None = None
) -> HttpResponse:
    """The whole page, or only its panel where htmx asks for that."""
    if form.is_bound:
        form.come_back()
    form.make_ready_to_show()
    twin = _twin(form)
    surplus = twin.surplus_question()
    asked = f"{surplus.lower_to.minor}:{surplus.rest.minor}" if surplus else ""
    context: dict[str, Any] = {
        "form": form,
        "scene": form.scene,
        "contact": form.scene.contact,
        "purpose": purpose,
        "preview": preview_of(twin, purpose),
        "panel_foot": _panel_foot(twin),
        "surplus": surplus,
        "lower_to": form.fields["amount"].prepare_value(surplus.lower_to) if surplus else "",
        "surplus_changed": asked != request.POST.get("surplus_asked", ""),
        "split_filled": "fill" in request.POST,
        "parts_total": twin.parts_total,
        "credit": form.scene.credit_in(form.payment_currency),
    }
    if request.headers.get("HX-Target") == PANEL:
        return render(request, "web/payments/_preview_answer.html", context)
    template = "web/payments/correct.html" if purpose.corrects else "web/payments/add.html"
    return render(request, template, context, status=form.status if status is None else status)


def show_confirmation(
    request: StaffRequest, form: PaymentForm, purpose: Purpose, decision: PaymentDecision
) -> HttpResponse:
    """The second step of a charge: what is charged to which card of whom, and the button that does it."""
    context: dict[str, Any] = {
        "form": form,
        "contact": form.scene.contact,
        "purpose": purpose,
        "amount": decision.input.amount,
        "applied": decision.applied,
        "choice": form.chosen_card,
        "kept": kept_as_hidden(form, form.data),
        "confirmation": confirmation_of(form.wanted_charge()),
        "preview": payment_preview.of_payment(decision, form.scene),
        "panel_foot": _panel_foot(form),
    }
    return render(request, "web/payments/confirm_charge.html", context)


def preview_of(form: PaymentForm, purpose: Purpose) -> Preview:
    """What saving the form as it stands would do, or what is still missing."""
    unfinished = unfinished_form(form)
    if unfinished is not None:
        return unfinished
    try:
        if form.charges and purpose.decide_charge is not None:
            decision = purpose.decide_charge(form.wanted_charge())
        else:
            decision = purpose.decide(form.wanted())
    except DomainError as error:
        return Preview(problem=text_of(error, form.scene.business))
    return payment_preview.of_payment(decision, form.scene)


def _panel_foot(form: PaymentForm) -> str:
    """What is said below the panel where it is not what is said of every payment."""
    if not form.charges:
        return ""
    return _("No card is charged until you confirm. Money that was charged goes back only as a refund.")


def _twin(form: PaymentForm) -> PaymentForm:
    """The form as it would arrive if it were sent now, without the refusal that stands in it."""
    twin = type(form)(form.scene, mode=form.kind, data=sent_as(form))
    twin.previews = True
    twin.full_clean()
    return twin


def _carried_over(sent: QueryDict, mode: Mode, scene: Scene) -> dict[str, Any]:
    """What was typed, as the first values of the form in another mode."""
    values: dict[str, Any] = {
        name: sent.get(name) for name in sent if name not in ("mode", "csrfmiddlewaretoken")
    }
    values |= {"mode": mode.value, "email_receipt": "email_receipt" in sent, "surplus": ""}
    invoice = sent.get("invoice", "")
    due = scene.due(int(invoice)) if invoice.isdecimal() and len(invoice) < 19 else None
    if due is not None:
        values["currency"] = due.balance.currency
    if mode is Mode.SPLIT and due is not None:
        values[f"part_{invoice}"] = sent.get("amount")
    if mode is Mode.ONE and not invoice:
        filled = [due for due in scene.dues if sent.get(due.part_name, "").strip()]
        if filled or len(scene.dues) == 1:
            values["invoice"] = (filled or scene.dues)[0].id
    return values


def unfinished_form(form: KeyedForm) -> Preview | None:
    """What the panel says while something is missing or cannot be; a reason is needed only to save."""
    for name, errors in form.errors.as_data().items():
        if name == "reason":
            continue
        text = " ".join(str(message) for message in errors[0].messages)
        return Preview(hint=text) if errors[0].code == "required" else Preview(problem=text)
    return None
