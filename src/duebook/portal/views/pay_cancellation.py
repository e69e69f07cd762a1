"""A customer gives up a charge that waits for them at their bank, to pay in another way."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from duebook.domain.charging import ChargeState
from duebook.domain.errors import ChargeNotWaiting, GatewayUnreachable
from duebook.payments.services.begin_link_payment import CUSTOMER
from duebook.payments.services.cancel_charge import cancel_charge
from duebook.portal.session import for_strangers
from duebook.portal.views.pay import may_open, page, payment_told, too_often


@for_strangers
@require_POST
def pay_cancellation(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """Cancel it at the gateway, then back to the choice; or to its page where it has ended in another way."""
    if not may_open(request):
        return too_often(request)
    begun = payment_told(token, number)
    if begun is None:
        return page(request, "pay/over", status=410)
    its_page = reverse("pay:payment", args=[token, number])
    if begun.charge is None:
        return redirect(its_page)
    try:
        state = cancel_charge(charge_id=begun.charge.pk, actor=CUSTOMER)
    except ChargeNotWaiting:
        return redirect(its_page)
    except GatewayUnreachable:
        return redirect(f"{its_page}?unanswered=1")
    if state is ChargeState.NOT_PERFORMED:
        return redirect(f"{reverse('pay:link', args=[token])}?again={number}")
    return redirect(its_page)
