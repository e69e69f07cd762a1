"""The page on which a customer puts a card on file, reached by a link that staff sent."""

from functools import partial
from typing import Any, cast

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import CardNotSaved
from duebook.gateways.protocol import GatewayError, SetupHandle
from duebook.payments.card_links import is_open, is_past, setup_of_token
from duebook.payments.decline_words import decline_words
from duebook.payments.models import CardSetup
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.portal.card_policy import policy_for
from duebook.portal.limits import is_allowed, place_of
from duebook.portal.session import for_strangers

_HOUR = 60 * 60
OPENED_FROM_A_PLACE = 60


@for_strangers
@require_http_methods(["GET", "POST"])
def card(request: HttpRequest, token: str) -> HttpResponse:
    """Show where the card is typed, or what became of it.

    The gateway sends the customer back to this same address, and the script of its fields posts to it; what
    happened there is asked of the gateway, never read from the request.
    """
    if not is_allowed("card", place_of(request), times=OPENED_FROM_A_PLACE, seconds=_HOUR):
        return _page(request, "too_often", status=429)
    setup = setup_of_token(token)
    if setup is None:
        return _page(request, "over", status=410)
    try:
        return _as_it_stands(request, token, setup)
    except (GatewayError, CardNotSaved):
        return _page(request, "no_answer", status=503)


def _as_it_stands(request: HttpRequest, token: str, setup: CardSetup) -> HttpResponse:
    if setup.gateway_id:
        setup = finish_card_setup(setup_id=setup.pk)
    if request.method == "POST":
        return redirect("pay:card", token)
    if setup.payment_method is not None and not is_past(setup):
        return _page(request, "saved", {"setup": setup, "card": setup.payment_method})
    if not is_open(setup):
        return _page(request, "over", status=410)
    back = request.build_absolute_uri(reverse("pay:card", args=[token]))
    handle = begin_card_setup(setup_id=setup.pk, return_url=back)
    is_declined = setup.state == CardSetup.States.DECLINED
    context = {
        "setup": setup,
        "handle": handle,
        "reason": decline_words(setup.decline_kind) if is_declined else "",
    }
    return _page(request, "card", context, handle=handle)


def _page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any] | None = None,
    *,
    handle: SetupHandle | None = None,
    status: int = 200,
) -> HttpResponse:
    show = partial(render, template_name=f"portal/cards/{name}.html", context=context or {}, status=status)
    response = cast(HttpResponse, csp(dict(policy_for(handle)))(show)(request))
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
