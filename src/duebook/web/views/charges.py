"""The page of a charge: what became of it, what the processor said and when, the payment it made."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from duebook.domain.charging import ChargeState, is_settled_otherwise
from duebook.domain.errors import (
    ChargeNeedsNoLink,
    ChargeNotWaiting,
    ContactWithoutEmail,
    GatewayUnreachable,
    MailNotSent,
    NotFound,
)
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.payments.calling_off import due_of
from duebook.payments.models import Charge, ChargeLine, LinkPayment, Observation, Payment
from duebook.payments.outcomes import waiting_proposal_of
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.cancel_charge import cancel_charge
from duebook.payments.services.email_charge_link import email_charge_link
from duebook.staff.models import User
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires
from duebook.web.words.charges import explained, said, state_chip

_MOST_OBSERVATIONS = 200


@require_safe
@requires(Right.VIEW)
def charge(request: StaffRequest, charge_id: int) -> HttpResponse:
    """The charge as it stands; while its outcome is to come the page asks for itself every few seconds."""
    found = _charge_by_id(charge_id)
    observations = Observation.objects.filter(charge=found).order_by("-id")[:_MOST_OBSERVATIONS]
    lines = _lines(found)
    waits = found.state == ChargeState.REQUIRES_ACTION.value
    is_called_off = waits and is_settled_otherwise(due_of(line) for line in lines)
    context = {
        "charge": found,
        "contact": found.contact,
        "card": found.payment_method,
        "account": found.merchant_account,
        "lines": lines,
        "explained": explained(found, is_called_off=is_called_off),
        "chip": state_chip(found.state),
        "waits": waits,
        "is_called_off": is_called_off,
        "link_to_confirm": "" if is_called_off or not waits else found.action_url,
        "link_sent": _link_sent(found),
        "request_key": new_request_key(),
        "said": said(observations),
        "proposed": waiting_proposal_of(found),
        "who": User.objects.filter(pk=found.prepared_by_id).first(),
        "by_link": LinkPayment.objects.filter(charge=found).exists(),
        "payment": Payment.objects.filter(charge_id=found.pk).first(),
    }
    return render(request, "web/charges/page.html", context)


@require_POST
@requires(Right.CHARGE_CARDS)
def charge_inquiry(request: StaffRequest, charge_id: int) -> HttpResponse:
    """Ask the processor now what became of the charge, and show it. Not inside a transaction."""
    _say_state(request, charge_id, ask_gateway_now(charge_id=charge_id, actor=actor_of(request)))
    return redirect("web:charge", charge_id)


@require_POST
@requires(Right.CHARGE_CARDS)
def charge_cancellation(request: StaffRequest, charge_id: int) -> HttpResponse:
    """Give up a charge that waits for its customer, so that the invoice can be paid otherwise."""
    try:
        state = cancel_charge(charge_id=charge_id, actor=actor_of(request))
    except (ChargeNotWaiting, GatewayUnreachable) as refusal:
        add_notice(request, text_of(refusal, request.business))
    else:
        _say_state(request, charge_id, state)
    return redirect("web:charge", charge_id)


@require_POST
@requires(Right.CHARGE_CARDS)
def charge_message(request: StaffRequest, charge_id: int) -> HttpResponse:
    """Send the customer the link to confirm the charge."""
    form = KeyedForm(request.POST)
    if form.is_valid():
        try:
            address = email_charge_link(charge_id=charge_id, request_key=form.key, actor=actor_of(request))
        except (ChargeNotWaiting, ChargeNeedsNoLink, ContactWithoutEmail, MailNotSent) as refusal:
            add_notice(request, text_of(refusal, request.business))
        else:
            add_notice(request, _("The link is sent to %(address)s.") % {"address": address})
    return redirect("web:charge", charge_id)


def _say_state(request: StaffRequest, charge_id: int, state: ChargeState) -> None:
    label = str(Charge.States(state.value).label)
    add_notice(request, _("C-%(number)s: %(state)s.") % {"number": charge_id, "state": label})


def _link_sent(charge: Charge) -> Event | None:
    """When the customer was last sent the link of a charge that waits for them."""
    if charge.state != ChargeState.REQUIRES_ACTION.value:
        return None
    sent = Event.objects.filter(
        name="charge.link_sent", contact_id=charge.contact_id, payload__charge_id=charge.pk
    )
    return sent.order_by("-id").first()


def _charge_by_id(charge_id: int) -> Charge:
    rows = Charge.objects.select_related("contact", "merchant_account", "payment_method")
    found = rows.filter(pk=charge_id).first()
    if found is None:
        raise NotFound(what="Charge", id=charge_id)
    return found


def _lines(charge: Charge) -> list[ChargeLine]:
    return list(ChargeLine.objects.filter(charge=charge).select_related("invoice__order").order_by("id"))
