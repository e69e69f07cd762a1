"""A card processor for the tests of accounts and webhooks: it says what it is told to, and remembers calls.

``register`` puts it in the place of every adapter. Its webhooks are a JSON object with the signing secret in
a header. It moves no money: for that the tests of payments have a ``FakeGateway`` with a book of its own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from duebook.domain.permissions import Actor, Source
from duebook.gateways import accounts
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import (
    Credentials,
    GatewayError,
    GatewayEvent,
    Guarantees,
    ObjectKind,
    SeenAccount,
    WebhookRefused,
)
from duebook.gateways.sandbox.adapter import SandboxGateway
from duebook.gateways.services.add_merchant_account import add_merchant_account

SECRET = "sk_test_a_secret_of_the_shop"
SIGNING_SECRET = "whsec_of_the_shop"
TOLERANCE = timedelta(seconds=300)
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SHOP = SeenAccount("acct_shop", "Shop", live=False, currencies=frozenset({"USD", "EUR"}))


@dataclass
class FakeProcessor:
    """What the processor answers, and what it was asked."""

    account: SeenAccount = SHOP
    failure: GatewayError | None = None
    events: list[GatewayEvent] = field(default_factory=list)
    failing_secrets: dict[str, GatewayError] = field(default_factory=dict)
    checked: list[Credentials] = field(default_factory=list)
    asked_since: list[datetime] = field(default_factory=list)
    guarantees: Guarantees = SandboxGateway.guarantees

    def __call__(self, credentials: Credentials, /) -> "_Gateway":
        """As an adapter makes the gateway of an account."""
        return _Gateway(self, credentials)


class _Gateway:
    """An adapter for the processor, as far as settings and webhooks use one."""

    def __init__(self, processor: FakeProcessor, credentials: Credentials) -> None:
        self._processor = processor
        self._credentials = credentials

    def check(self) -> SeenAccount:
        self._answer_outside_transactions()
        self._processor.checked.append(self._credentials)
        account, of = self._processor.account, self._credentials.secret.partition("__")[2]
        return replace(account, id=f"{account.id}_{of}") if of else account

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        if headers.get("Fake-Signature", "") not in self._credentials.webhook_secrets:
            raise WebhookRefused("bad signature")
        try:
            sent = json.loads(body)
            event = GatewayEvent(
                id=sent["id"],
                kind=sent["kind"],
                object_kind=ObjectKind(sent["object_kind"]),
                object_id=sent["object_id"],
                occurred_at=datetime.fromisoformat(sent["occurred_at"]),
                live=sent["live"],
            )
            signed_at = datetime.fromisoformat(sent["signed_at"])
        except (LookupError, TypeError, ValueError) as error:
            raise WebhookRefused("not readable") from error
        if abs(now - signed_at) > TOLERANCE:
            raise WebhookRefused("signed too long ago or in the future")
        return event

    def list_events(self, *, since: datetime) -> Iterator[GatewayEvent]:
        self._answer_outside_transactions()
        self._processor.asked_since.append(since)
        yield from (event for event in self._processor.events if event.occurred_at >= since)

    def _answer_outside_transactions(self) -> None:
        opened = [block for block in connection.atomic_blocks if not block._from_testcase]
        assert not opened, "a processor is never called inside a transaction"
        failure = self._processor.failing_secrets.get(self._credentials.secret) or self._processor.failure
        if failure is not None:
            raise failure


def register(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    """Let every merchant account of this test be one of the fake processor's."""
    processor = FakeProcessor()

    monkeypatch.setattr(accounts, "_ADAPTERS", dict.fromkeys(MerchantAccount.Adapters, lambda: processor))
    return processor


def make_merchant_account(name: str = "Shop", **fields: Any) -> MerchantAccount:
    """A merchant account with one signing secret; ``register`` comes first.

    Each name but Shop has an account of its own at the processor.
    """
    secret = SECRET if name == "Shop" else f"{SECRET}__{name.lower().replace(' ', '_')}"
    given = {"name": name, "secret": secret, "webhook_secrets": (SIGNING_SECRET,)}
    return add_merchant_account(
        details=MerchantAccountDetails(**{**given, **fields}),
        adapter=MerchantAccount.Adapters.SANDBOX,
        request_key=f"make {name}",
        actor=Actor.system(Source.COMMAND),
    )


def keep_merchant_account(name: str = "Shop", **fields: Any) -> MerchantAccount:
    """A merchant account as it stands after it was added, for pages that show one and ask no processor."""
    with pytest.MonkeyPatch.context() as patch:
        register(patch)
        return make_merchant_account(name, **fields)


def make_event(event_id: str = "evt_1", **fields: Any) -> GatewayEvent:
    given: dict[str, Any] = {
        "kind": "charge.succeeded",
        "object_kind": ObjectKind.CHARGE,
        "object_id": "ch_1",
        "occurred_at": NOON,
    }
    return GatewayEvent(id=event_id, **{**given, **fields})
