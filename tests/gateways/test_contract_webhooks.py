"""Which messages every adapter believes, and which events it lists."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from duebook.gateways.protocol import Gateway, ObjectKind, WebhookRefused
from tests.gateways.contract import charged, gateway_of, needs
from tests.gateways.harness import Ability, Harness

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TOLERANCE = timedelta(seconds=300)


@pytest.fixture(scope="module")
def body(harness: Harness) -> bytes:
    """A message about a charge."""
    return harness.message(charged(harness), at=NOW)


def signed(harness: Harness, body: bytes, *, at: datetime = NOW, secret: str = "") -> Mapping[str, str]:
    return harness.sign(body, secret=secret or harness.credentials.webhook_secrets[0], at=at)


def knowing(harness: Harness, *secrets: str) -> Gateway:
    """The adapter of an account with these webhook secrets."""
    return harness.build(replace(harness.credentials, webhook_secrets=secrets))


def test_a_signed_message_is_an_event(harness: Harness):
    charge = charged(harness)
    body = harness.message(charge, at=NOW)

    event = gateway_of(harness).verify_webhook(body, signed(harness, body), now=NOW)

    assert (event.object_kind, event.object_id) == (ObjectKind.CHARGE, charge.id)
    assert event.id
    assert event.kind
    assert event.occurred_at == NOW
    assert not event.live


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title], ids=["lower", "upper", "title"])
def test_the_case_of_a_headers_name_does_not_matter(
    harness: Harness, body: bytes, change: Callable[[str], str]
):
    headers = {change(name): value for name, value in signed(harness, body).items()}

    assert gateway_of(harness).verify_webhook(body, headers, now=NOW).id


@pytest.mark.parametrize("age", [-TOLERANCE, TOLERANCE], ids=["from the future", "old"])
def test_a_message_may_be_as_old_or_early_as_the_tolerance(harness: Harness, body: bytes, age: timedelta):
    assert gateway_of(harness).verify_webhook(body, signed(harness, body, at=NOW - age), now=NOW).id


@pytest.mark.parametrize("age", [-TOLERANCE, TOLERANCE], ids=["from the future", "old"])
def test_beyond_the_tolerance_it_is_refused(harness: Harness, body: bytes, age: timedelta):
    at = NOW - age * (301 / 300)

    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body, signed(harness, body, at=at), now=NOW)


def test_a_message_signed_with_another_secret_is_refused(harness: Harness, body: bytes):
    headers = signed(harness, body, secret="whsec_of_somebody_else")

    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body, headers, now=NOW)


def test_a_message_changed_after_signing_is_refused(harness: Harness, body: bytes):
    headers = signed(harness, body)

    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body + b" ", headers, now=NOW)


def test_a_signature_moved_to_another_time_is_refused(harness: Harness, body: bytes):
    old, now = int((NOW - timedelta(days=1)).timestamp()), int(NOW.timestamp())
    headers = signed(harness, body, at=NOW - timedelta(days=1))
    forged = {name: value.replace(str(old), str(now)) for name, value in headers.items()}

    assert forged != headers
    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body, forged, now=NOW)


def test_while_a_secret_is_replaced_both_are_taken(harness: Harness, body: bytes):
    gateway = knowing(harness, "whsec_new", "whsec_old")

    for secret in ("whsec_new", "whsec_old"):
        assert gateway.verify_webhook(body, signed(harness, body, secret=secret), now=NOW).id


def test_without_a_secret_nothing_is_believed(harness: Harness, body: bytes):
    with pytest.raises(WebhookRefused):
        knowing(harness).verify_webhook(body, signed(harness, body), now=NOW)
    with pytest.raises(WebhookRefused):
        knowing(harness, "").verify_webhook(body, harness.sign(body, secret="", at=NOW), now=NOW)


@pytest.mark.parametrize(
    "value", [None, "", "t=1", "v1=00", "t=,v1=", "t=x,v1=é", ",,,", "t=1,v1=" + "0" * 64]
)
def test_a_message_without_a_usable_signature_is_refused(harness: Harness, body: bytes, value: str | None):
    names = signed(harness, body)
    headers = {} if value is None else dict.fromkeys(names, value)

    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body, headers, now=NOW)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"id": 7}'])
def test_a_signed_message_that_cannot_be_read_is_refused(harness: Harness, body: bytes):
    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(body, signed(harness, body), now=NOW)


def test_a_huge_message_is_refused(harness: Harness, body: bytes):
    huge = body + b" " * 1_000_001

    with pytest.raises(WebhookRefused):
        gateway_of(harness).verify_webhook(huge, signed(harness, huge), now=NOW)


def test_events_are_listed_the_oldest_first(harness: Harness):
    needs(harness, Ability.LIST_EVENTS)
    since = harness.now() - timedelta(seconds=2)
    first, second = charged(harness), charged(harness)

    events = list(gateway_of(harness).list_events(since=since))

    ids = [event.object_id for event in events if event.object_kind is ObjectKind.CHARGE]
    assert ids.index(first.id) < ids.index(second.id)
    assert events == sorted(events, key=lambda event: event.occurred_at)
    assert len({event.id for event in events}) == len(events)
    assert all(event.occurred_at >= since for event in events)


def test_there_are_no_events_after_now(harness: Harness):
    needs(harness, Ability.LIST_EVENTS)
    charged(harness)

    assert list(gateway_of(harness).list_events(since=harness.now() + timedelta(minutes=1))) == []
