"""Where card processors tell of what happened: an address of its own for each merchant account.

What comes is not a person's: no session, no login, no CSRF token. The signature says whose it is. A message
is stored and acknowledged; only what could not be stored is answered with a 5xx, and so sent again.
"""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Sealed, WebhookRefused
from duebook.gateways.services.store_webhook import store_webhook

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest, webhook_token: str) -> HttpResponse:
    """Store a message: 200, also for one that is stored already; 400 for one that is not the processor's.

    503, so that it is sent again, while no key opens the account's secrets.

    An account out of use charges no more, but what it has charged is still refunded, disputed and paid out.
    """
    account = MerchantAccount.objects.filter(webhook_token=webhook_token).first()
    if account is None:
        return _answer(404)
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        return _answer(413)
    now = timezone.now()
    try:
        event = gateway_of(account).verify_webhook(body, request.headers, now=now)
        store_webhook(account=account, event=event, now=now)
    except WebhookRefused as refused:
        log.warning("webhook of merchant account %s refused: %s", account.pk, refused)
        return _answer(400)
    except Sealed as error:
        log.error("webhook of merchant account %s: %s", account.pk, error.reason)
        return _answer(503)
    return _answer(200)


def _answer(status: int) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain")
