"""The pages of a pay link: what is due, entering a card, and what came of it.

The gateway sends the customer back by an address of its own that says nothing of the link; what happened
there is asked of the gateway, never read from the request.
"""

from functools import partial
from typing import Any, cast

from csp.decorators import csp
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.charging import ChargeState
from duebook.domain.errors import CardLinkOver, CardNotSaved, DomainError, PayLinkOver
from duebook.domain.pay_links import LinkState, payable_total
from duebook.gateways.protocol import GatewayError, SetupHandle
from duebook.payments.calling_off import is_to_be_called_off
from duebook.payments.card_links import is_open, token_of
from duebook.payments.decline_words import decline_words
from duebook.payments.models import CardSetup, LinkPayment, PayLink, Payment
from duebook.payments.pay_links import (
    dues_of,
    invoices_of,
    is_told,
    link_of_token,
    link_payment_by_id,
    payment_of_link,
    payments_of_link,
    state_of,
)
from duebook.payments.services.ask_gateway import ask_gateway
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.begin_link_payment import CUSTOMER, begin_link_payment
from duebook.payments.services.charge_link_payment import charge_link_payment, refusal_now
from duebook.payments.services.close_link_payment import close_link_payment
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.portal.card_policy import policy_for
from duebook.portal.limits import is_allowed, place_of
from duebook.portal.pay_form import PayForm
from duebook.portal.pay_scene import paid_by, shown, told
from duebook.portal.pay_words import (
    TOO_LATE,
    card_words,
    refusal_words,
    was_called_off,
    why_not_paid,
    why_refused,
)
from duebook.portal.session import for_strangers
from duebook.reports.queries.receipt import receipt_of
from duebook.reports.receipt_words import note_words
from duebook.staff.queries import business, today

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60
OPENED_FROM_A_PLACE = 40
"""A minute; a page that waits for the card processor opens itself anew."""
BEGUN_BY_A_LINK = 12
"""An hour: who tries one card after the other is not who got the link."""
BEGUN_FROM_A_PLACE = 20
LOOKS_AGAIN = "10"
"""The seconds after which a page that waits is opened again."""

_DIGITS = 9
_SALT = "duebook.portal.pay.back"


@for_strangers
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """What is due and how much of it is to be paid; sent, it leads to where the card is entered."""
    if not may_open(request):
        return too_often(request)
    found = link_of_token(token)
    if found is None:
        return page(request, "pay/over", status=410)
    invoices = invoices_of(found)
    dues = dues_of(invoices)
    state = state_of(found, dues)
    rows = shown(invoices)
    waiting = next((one for one in payments_of_link(found) if one.charge and one.charge.is_open), None)
    context: dict[str, Any] = {
        "link": found,
        "token": token,
        "invoices": rows,
        "has_under_way": any(one["is_under_way"] and one["balance"] for one in rows),
        "waiting": waiting,
        "is_called_off": waiting is not None and _is_called_off(waiting),
    }
    if state in (LinkState.WITHDRAWN, LinkState.EXPIRED):
        return page(request, "pay/over", status=410)
    if state is LinkState.PAID:
        return page(request, "pay/all_paid", {**context, "payments": paid_by(found)})
    if state is LinkState.UNDER_WAY:
        return page(request, "pay/under_way", context, opens_anew=LOOKS_AGAIN)
    most = payable_total(dues, found.currency)
    form = PayForm(
        request.POST if request.method == "POST" else None,
        most=most,
        is_for_several=len(invoices) > 1,
        business=business(),
        before=_begun_before(request, found),
    )
    if form.is_valid():
        answer = _begin(request, token, found, form)
        if answer is not None:
            return answer
    status = 422 if form.is_bound else 200
    return page(request, "pay/choose", {**context, "form": form, "most": most}, status=status)


def _is_called_off(begun: LinkPayment) -> bool:
    """Whether its charge waits for the customer, who need not confirm it any more."""
    charge = begun.charge
    if charge is None or charge.state != ChargeState.REQUIRES_ACTION.value:
        return False
    return is_to_be_called_off(charge.pk)


def _begun_before(request: HttpRequest, found: PayLink) -> LinkPayment | None:
    """The payment that came to nothing, or is to be changed, whose choices are to stand in the form."""
    number = request.GET.get("again", "")
    return payment_of_link(found, int(number)) if number.isdecimal() and len(number) < _DIGITS else None


def _begin(request: HttpRequest, token: str, found: PayLink, form: PayForm) -> HttpResponse | None:
    """To the entry of the card; None when the amount is refused, which then stands in the form."""
    in_bounds = is_allowed("pay-link", str(found.pk), times=BEGUN_BY_A_LINK, seconds=_HOUR) and is_allowed(
        "pay-place", place_of(request), times=BEGUN_FROM_A_PLACE, seconds=_HOUR
    )
    if not in_bounds:
        return page(request, "cards/too_often", status=429)
    try:
        begun = begin_link_payment(
            link_id=found.pk,
            amount=form.cleaned_data["amount"],
            keeps_card=form.cleaned_data["keep"],
            request_key=form.key,
        )
    except PayLinkOver:
        return page(request, "pay/over", status=410)
    except DomainError as refusal:
        form.add_error("amount", refusal_words(refusal, business()))
        return None
    return redirect("pay:payment", token, begun.number)


@for_strangers
@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """Where the card is entered, or what came of the payment; the card is charged once it is saved.

    The script of the gateway's fields posts to it, and is sent to the page itself: opened, that charges. So a
    page that is opened again, sent again or gone back to does nothing twice.
    """
    if not may_open(request):
        return too_often(request)
    begun = payment_told(token, number)
    if begun is None:
        return page(request, "pay/over", status=410)
    if request.method == "POST":
        return redirect("pay:payment", token, number)
    try:
        return _as_it_stands(request, token, begun)
    except (GatewayError, CardNotSaved):
        return page(request, "cards/no_answer", status=503)
    except CardLinkOver:
        return _not_paid_page(request, token, begun, TOO_LATE)


def _as_it_stands(request: HttpRequest, token: str, begun: LinkPayment) -> HttpResponse:
    before = begun
    if begun.charge is None and not begun.refusal and begun.ended_at is None:
        setup = begun.setup
        if setup.gateway_id:
            setup = finish_card_setup(setup_id=setup.pk)
        if setup.payment_method is None:
            return _card_page(request, token, begun, setup)
        back_url = _back_url(request, begun)
        begun = charge_link_payment(payment_id=begun.pk, return_url=back_url, on=today())
    elif begun.charge is not None and begun.charge.is_open:
        ask_gateway(charge_id=begun.charge.pk)
        begun = link_payment_by_id(begun.pk)
    if begun.ended_at is None:
        close_link_payment(payment_id=begun.pk)
        begun = link_payment_by_id(begun.pk)
    return _outcome_page(request, token, begun, is_fresh=before.charge is None)


def _card_page(request: HttpRequest, token: str, begun: LinkPayment, setup: CardSetup) -> HttpResponse:
    refusal = refusal_now(begun) or ("" if is_open(setup) else TOO_LATE)
    if refusal:
        return _not_paid_page(request, token, begun, refusal)
    handle = begin_card_setup(setup_id=setup.pk, return_url=_back_url(request, begun))
    is_declined = setup.state == CardSetup.States.DECLINED
    context = told(begun, token) | {
        "handle": handle,
        "reason": decline_words(setup.decline_kind) if is_declined else "",
    }
    return page(request, "pay/card", context, handle=handle)


def _outcome_page(request: HttpRequest, token: str, begun: LinkPayment, *, is_fresh: bool) -> HttpResponse:
    context = told(begun, token)
    if begun.charge is None:
        return _not_paid_page(request, token, begun)
    state = ChargeState(begun.charge.state)
    if state is ChargeState.SUCCEEDED:
        booked = Payment.objects.get(charge_id=begun.charge.pk)
        receipt = receipt_of(booked.pk)
        outcome = {
            "receipt": receipt,
            "notes": note_words(receipt, business()),
            "card_words": card_words(begun),
        }
        return page(request, "pay/paid", context | outcome)
    if _is_called_off(begun):
        return page(request, "pay/called_off", context, opens_anew=LOOKS_AGAIN)
    if state is ChargeState.REQUIRES_ACTION and begun.charge.action_url:
        goes_on = f"0; url={begun.charge.action_url}" if is_fresh else ""
        context |= {"back_url": _back_url(request, begun), "is_unanswered": "unanswered" in request.GET}
        return page(request, "pay/confirm", context, opens_anew=goes_on)
    if begun.charge.is_open:
        return page(request, "pay/waiting", context, opens_anew=LOOKS_AGAIN)
    return _not_paid_page(request, token, begun)


def _not_paid_page(request: HttpRequest, token: str, begun: LinkPayment, refusal: str = "") -> HttpResponse:
    """Why nothing was charged, and on to what may be paid; ``refusal`` is why no card is to be entered."""
    state = state_of(begun.link, dues_of(invoices_of(begun.link)))
    code = refusal or begun.refusal
    context = told(begun, token) | {
        "why": why_refused(refusal) if refusal else why_not_paid(begun),
        "link_works": state not in (LinkState.WITHDRAWN, LinkState.EXPIRED),
        "is_changed": code not in ("", TOO_LATE) or was_called_off(begun),
    }
    return page(request, "pay/not_paid", context, status=410 if refusal else 200)


def payment_told(token: str, number: int) -> LinkPayment | None:
    """The payment of that number by the link, as long as its page may tell of it."""
    found = link_of_token(token)
    begun = payment_of_link(found, number) if found is not None else None
    return begun if begun is not None and is_told(begun) else None


@for_strangers
@require_safe
def back(request: HttpRequest, signed: str) -> HttpResponse:
    """Where a gateway or a bank sends the customer back to: on to the payment's own page.

    The address names the payment, signed for a day, and not the link, whose token nobody else is to keep.
    """
    if not may_open(request):
        return too_often(request)
    try:
        begun = link_payment_by_id(signing.loads(signed, salt=_SALT, max_age=_DAY))
    except signing.BadSignature:
        return page(request, "pay/over", status=410)
    if begun.charge is not None and begun.charge.state == ChargeState.REQUIRES_ACTION.value:
        ask_gateway_now(charge_id=begun.charge.pk, actor=CUSTOMER)
    return redirect("pay:payment", token_of(begun.link), begun.number)


def _back_url(request: HttpRequest, begun: LinkPayment) -> str:
    signed = signing.dumps(begun.pk, salt=_SALT)
    return request.build_absolute_uri(reverse("pay:back", args=[signed]))


def may_open(request: HttpRequest) -> bool:
    """Count one more page opened from there; False when it is too often."""
    return is_allowed("pay", place_of(request), times=OPENED_FROM_A_PLACE, seconds=_MINUTE)


def too_often(request: HttpRequest) -> HttpResponse:
    """Told to who opens pages faster than anyone reads them."""
    return page(request, "cards/too_often", {"is_brief": True}, status=429)


def page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any] | None = None,
    *,
    handle: SetupHandle | None = None,
    opens_anew: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page that loads nothing but our styles and what the gateway's fields need, and that nobody finds.

    ``opens_anew`` says after how many seconds a browser opens it again or goes on, without a script. Going on
    by a redirect would be refused by the policy of the form that led here.
    """
    show = partial(render, template_name=f"portal/{name}.html", context=context or {}, status=status)
    response = cast(HttpResponse, csp(dict(policy_for(handle)))(show)(request))
    response["X-Robots-Tag"] = "noindex, nofollow"
    if opens_anew:
        response["Refresh"] = opens_anew
    return response
