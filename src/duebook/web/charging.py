"""Charging a card from the payment form: asked about once more, carried out once, and where it leads.

Nothing here runs inside a transaction: the processor is called between two of them.
"""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from duebook.domain.charging import ChargeState
from duebook.domain.recording import PaymentDecision
from duebook.payments.models import Charge
from duebook.payments.queries import payment_of_charge
from duebook.payments.services.charge_card import charge_card
from duebook.web.forms.payment_card import confirmation_of
from duebook.web.forms.payments import PaymentForm
from duebook.web.payment_notice import back_to_origin
from duebook.web.payment_page import Purpose, show_confirmation, show_form
from duebook.web.payment_scene import read_scene
from duebook.web.request import StaffRequest, actor_of, today_of
from duebook.web.words.charges import declined_words


def confirm_or_charge(request: StaffRequest, form: PaymentForm, purpose: Purpose) -> HttpResponse:
    """Ask whether this card is to be charged so much; charge it when that has been confirmed."""
    wanted = form.wanted_charge()
    reread = partial(read_scene, request, form.scene.contact.pk)
    if request.POST.get("confirmed") != confirmation_of(wanted):
        decision = form.carry_out(request.business, partial(_decide, form, purpose), reread=reread)
        if decision is None:
            return show_form(request, form, purpose)
        return show_confirmation(request, form, purpose, decision)
    charge = form.carry_out(
        request.business,
        lambda: charge_card(
            wanted=wanted, request_key=form.key, actor=actor_of(request), on=today_of(request)
        ),
        reread=reread,
    )
    if charge is None:
        return show_form(request, form, purpose)
    return _after(request, form, purpose, charge)


def _decide(form: PaymentForm, purpose: Purpose) -> PaymentDecision:
    if purpose.decide_charge is None:
        raise ValueError("no card is charged from this form")
    return purpose.decide_charge(form.wanted_charge())


def _after(request: StaffRequest, form: PaymentForm, purpose: Purpose, charge: Charge) -> HttpResponse:
    """Back to where the person was, back to the form, or to the page of a charge that is not at its end."""
    if charge.state == ChargeState.SUCCEEDED.value:
        return back_to_origin(request, payment_of_charge(charge.pk), form.cleaned_data["origin"])
    if charge.is_open:
        return redirect("web:charge", charge.pk)
    if charge.state == ChargeState.DECLINED.value:
        form.add_error(None, f"{declined_words(charge.decline_kind)} {_('Nothing was charged.')}")
    else:
        form.add_error(None, _("The processor could not be reached. No card was charged. Try again."))
    # The attempt has ended, and its key with it: sending the form again is another attempt.
    form.renew_key()
    form.renew(read_scene(request, form.scene.contact.pk))
    return show_form(request, form, purpose, status=422)
