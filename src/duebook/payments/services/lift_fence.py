"""Ask a card processor what these books may lack, take it in, and let cards be charged again.

What the processor has and the books have not is put as messages of its own, and processed as any others are.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from duebook.domain.charging import ChargeState
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import (
    Gateway,
    GatewayError,
    GatewayEvent,
    ObjectKind,
    Outcome,
    SeenCharge,
    WebhookRefused,
)
from duebook.gateways.services.store_webhook import store_webhook
from duebook.payments.models import Charge
from duebook.payments.services.process_webhook import WebhookNotProcessed, process_webhook

log = logging.getLogger(__name__)

BEFORE = timedelta(hours=48)
"""So long before the last sign of life the processor is asked already."""
AFTER = timedelta(hours=1)
"""Whose clock is right is not known."""
AT_ONCE = 100
KIND = "charge.missing"
"""The kind of a message that nobody sent: the processor's list shows what the books have not."""


def fenced_accounts() -> list[int]:
    """The merchant accounts whose processors are to be asked before a card is charged."""
    return list(
        MerchantAccount.objects.filter(fenced_since__isnull=False).order_by("pk").values_list("pk", flat=True)
    )


def lift_fence(*, account_id: int) -> bool:
    """Whether the account may charge again: all that its processor tells is in the books, or before a person.

    Calls the processor, so it may not run inside a transaction. Without an answer the fence stays, and it is
    safe to call again. What is recorded is what processing the messages records.
    """
    account = MerchantAccount.objects.get(pk=account_id)
    if account.fenced_since is None:
        return True
    try:
        found = _store(account, gateway_of(account))
    except GatewayError as error:
        log.warning("merchant account %s stays paused: %s", account.pk, error.reason)
        return False
    if not _process(account):
        log.warning("merchant account %s stays paused: messages could not be processed yet", account.pk)
        return False
    lifted = MerchantAccount.objects.filter(pk=account.pk, fenced_since=account.fenced_since)
    log.log(
        logging.WARNING if found else logging.INFO,
        "merchant account %s: it charges again; its processor told of %s things that were not known",
        account.pk,
        found,
    )
    return bool(lifted.update(fenced_since=None))


def _store(account: MerchantAccount, gateway: Gateway) -> int:
    """Put as messages what the processor tells and the books have not; how many those are."""
    now = timezone.now()
    since = account.fenced_since - BEFORE if account.fenced_since else now
    stored = 0
    for event in gateway.list_events(since=since):
        stored += _put(account, event)
    for seen in _missing(account, gateway.list_charges(since=since, until=now + AFTER)):
        told = GatewayEvent(
            id=f"{KIND}:{seen.id}:{seen.outcome.value}",
            kind=KIND,
            object_kind=ObjectKind.CHARGE,
            object_id=seen.id,
            occurred_at=seen.created_at,
            live=seen.live,
        )
        stored += _put(account, told)
    return stored


def _put(account: MerchantAccount, event: GatewayEvent) -> bool:
    try:
        return store_webhook(account=account, event=event, now=timezone.now())
    except WebhookRefused as refused:
        log.error("event %s of merchant account %s: %s", event.id, account.pk, refused)
        return False


def _missing(account: MerchantAccount, listed: Iterable[SeenCharge]) -> Iterator[SeenCharge]:
    """Those that succeeded and that the books do not know as a success."""
    rest = iter(listed)
    while some := list(islice(rest, AT_ONCE)):
        taken = [seen for seen in some if seen.outcome is Outcome.SUCCEEDED]
        known = set(
            Charge.objects.filter(
                merchant_account=account,
                reference__in=[seen.reference for seen in taken],
                state=ChargeState.SUCCEEDED.value,
            ).values_list("reference", flat=True)
        )
        yield from (seen for seen in taken if seen.reference not in known)


def _process(account: MerchantAccount) -> bool:
    """Process the account's messages now, whatever else processes them; False where one must wait."""
    waiting = WebhookMessage.objects.filter(
        merchant_account=account, state=WebhookMessage.States.WAITING.value
    )
    done = True
    for message_id in list(waiting.order_by("occurred_at", "pk").values_list("pk", flat=True)):
        try:
            process_webhook(message_id=message_id)
        except WebhookNotProcessed as error:
            log.info("message %s: %s", message_id, error)
            done = False
    return done
