"""Ask card processors that have been silent what happened meanwhile.

Webhooks get lost: an address typed wrongly, a server that was down for longer than the processor tries. What
was missed is stored as if it had been told, so nothing else needs to know of it.
"""

import logging
from datetime import datetime, timedelta

from duebook.gateways.accounts import accounts_that_tell, gateway_of
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import GatewayError, GatewayEvent, Sealed, WebhookRefused
from duebook.gateways.services.store_webhook import store_webhook

log = logging.getLogger(__name__)

OVERLAP = timedelta(hours=1)
"""Events come in any order: one that is older than the last that arrived may still be missing."""

MOST_A_TURN = 1000
"""More wait for the next turn, so that one account does not keep the others waiting."""


def poll_events(*, silent_for: timedelta, now: datetime) -> int:
    """Store what the accounts that were silent for so long have not told; how many events that were.

    Calls the
    processors, so it may not run inside a transaction. An account that gives no answer is logged and left for
    the next turn.
    """
    silent = accounts_that_tell(now).exclude(last_event_at__gt=now - silent_for)
    return sum(_poll(account, now) for account in silent)


def _poll(account: MerchantAccount, now: datetime) -> int:
    """How many events the account had not told."""
    stored = 0
    try:
        for event in _untold(account):
            stored += _store(account, event, now)
            if stored >= MOST_A_TURN:
                break
    except Sealed as error:
        log.error("events of merchant account %s: %s", account.pk, error.reason)
    except GatewayError as error:
        log.warning("events of merchant account %s: %s It is asked again.", account.pk, error.reason)
    if stored:
        log.warning("merchant account %s: %s events came without a webhook", account.pk, stored)
    return stored


def _store(account: MerchantAccount, event: GatewayEvent, now: datetime) -> bool:
    """Whether the event is stored now; one that the account cannot have does not hold up the others."""
    try:
        return store_webhook(account=account, event=event, now=now)
    except WebhookRefused as refused:
        log.error("event %s of merchant account %s: %s", event.id, account.pk, refused)
        return False


def _untold(account: MerchantAccount) -> list[GatewayEvent]:
    since = max(account.created_at, (account.last_event_at or account.created_at) - OVERLAP)
    told = set(
        WebhookMessage.objects.filter(merchant_account=account, occurred_at__gte=since).values_list(
            "event_id", flat=True
        )
    )
    return [event for event in gateway_of(account).list_events(since=since) if event.id not in told]
