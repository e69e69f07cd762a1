"""Stripe's messages: believed when one of our secrets signed them within five minutes, and only then."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import pytest
import requests
import stripe

from duebook.gateways.protocol import Credentials, ObjectKind, WebhookRefused
from duebook.gateways.stripe.adapter import StripeGateway
from duebook.gateways.stripe.events import EVENT_TYPES, LARGEST_BODY
from tests.gateways.stripe.conftest import WEBHOOK_SECRET
from tests.gateways.stripe.on_file import make_card, make_request
from tests.gateways.stripe.stand_in import StandIn

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
GATEWAY = StripeGateway(Credentials("sk_test_1", webhook_secrets=("whsec_new", "whsec_old")))


def message(kind: str = "refund.updated", **about: Any) -> bytes:
    found = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": int(NOW.timestamp()),
        "livemode": True,
        "data": {"object": {"object": "refund", "id": "re_1", **about}},
    }
    return json.dumps(found).encode()


def signed(body: bytes, *, secret: str = "whsec_new", at: datetime = NOW) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp()))
    return {"stripe-signature": header}


def refusal(body: bytes, headers: Mapping[str, str]) -> str:
    with pytest.raises(WebhookRefused) as refused:
        GATEWAY.verify_webhook(body, headers, now=NOW)
    return str(refused.value)


def test_a_signed_message_names_an_object_to_ask_about() -> None:
    event = GATEWAY.verify_webhook(message(), signed(message()), now=NOW)

    assert (event.id, event.kind, event.occurred_at, event.live) == ("evt_1", "refund.updated", NOW, True)
    assert (event.object_kind, event.object_id) == (ObjectKind.REFUND, "re_1")


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"object": "payment_intent", "id": "pi_1"}, (ObjectKind.CHARGE, "pi_1")),
        ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, (ObjectKind.CHARGE, "pi_1")),
        ({"object": "charge", "id": "ch_1", "payment_intent": None}, (ObjectKind.OTHER, "ch_1")),
        ({"object": "dispute", "id": "du_1"}, (ObjectKind.DISPUTE, "du_1")),
        ({"object": "setup_intent", "id": "seti_1"}, (ObjectKind.SETUP, "seti_1")),
        ({"object": "payout", "id": "po_1"}, (ObjectKind.SETTLEMENT, "po_1")),
        ({"object": "balance", "id": None}, (ObjectKind.OTHER, "")),
    ],
)
def test_what_a_message_is_about(about: dict[str, Any], expected: tuple[ObjectKind, str]) -> None:
    body = message(**about)

    event = GATEWAY.verify_webhook(body, signed(body), now=NOW)

    assert (event.object_kind, event.object_id) == expected


def test_every_secret_counts_while_one_replaces_another() -> None:
    headers = signed(message(), secret="whsec_old")

    assert GATEWAY.verify_webhook(message(), headers, now=NOW).id == "evt_1"
    assert refusal(message(), signed(message(), secret="whsec_others")) == "bad signature"


def test_the_name_of_the_header_is_read_in_any_case() -> None:
    headers = {"Stripe-Signature": signed(message())["stripe-signature"]}

    assert GATEWAY.verify_webhook(message(), headers, now=NOW).id == "evt_1"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_message_from_long_ago_or_from_the_future_is_refused(seconds: int) -> None:
    headers = signed(message(), at=NOW + timedelta(seconds=seconds))

    assert refusal(message(), headers) == "signed too long ago or in the future"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_allowed_either_way(seconds: int) -> None:
    headers = signed(message(), at=NOW + timedelta(seconds=seconds))

    assert GATEWAY.verify_webhook(message(), headers, now=NOW).id == "evt_1"


def test_a_second_time_cannot_make_an_old_message_young() -> None:
    old = signed(message(), at=NOW - timedelta(days=1))["stripe-signature"]

    assert refusal(message(), {"stripe-signature": f"t={int(NOW.timestamp())},{old}"}) == "no signature"
    assert refusal(message(), {"stripe-signature": f"{old},t={int(NOW.timestamp())}"}) == "no signature"


@pytest.mark.parametrize(
    "header", ["", "t=", "t=abc,v1=x", "v1=x", "t=99999999999999,v1=x", "t=²,v1=x", "nothing"]
)
def test_a_header_without_a_signature_is_refused(header: str) -> None:
    assert refusal(message(), {"stripe-signature": header}) == "no signature"


def test_a_message_without_the_header_is_refused() -> None:
    assert refusal(message(), {}) == "no signature"


def test_a_changed_body_is_refused() -> None:
    assert refusal(message().replace(b"re_1", b"re_2"), signed(message())) == "bad signature"


def test_a_body_that_is_no_text_is_refused() -> None:
    assert refusal(b"\xff\xfe", signed(message())) == "bad signature"


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"1", b"no json", b'{"object": "v2.core.event"}', b'{"object": "event"}']
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    assert refusal(body, signed(body)) == "not an event"


def test_a_body_of_more_than_a_megabyte_is_refused() -> None:
    body = message(padding="x" * LARGEST_BODY)

    assert refusal(body, signed(body)) == "too large"


def test_without_a_secret_nothing_is_believed() -> None:
    gateway = StripeGateway(Credentials("sk_test_1"))

    with pytest.raises(WebhookRefused):
        gateway.verify_webhook(message(), signed(message(), secret=""), now=NOW)


def test_a_message_as_it_is_sent_is_believed(gateway: StripeGateway, server: StandIn) -> None:
    with receiver() as (url, messages):
        subscribe(server, url)
        request = make_request(make_card(server.url), "webhook-1")
        created = gateway.create(request)
        gateway.confirm(created.id, request)

        event = gateway.verify_webhook(*messages.get(timeout=60), now=datetime.now(UTC))
        while event.object_id != created.id:
            # Messages about charges of earlier tests come a second late.
            event = gateway.verify_webhook(*messages.get(timeout=60), now=datetime.now(UTC))

    assert (event.kind, event.object_kind) == ("payment_intent.succeeded", ObjectKind.CHARGE)
    assert event.id in {one.id for one in gateway.list_events(since=event.occurred_at)}


def test_missed_events_are_asked_for_the_oldest_first(gateway: StripeGateway, server: StandIn) -> None:
    about = {"object": {"object": "payment_intent", "id": "pi_1"}}
    found = [
        {"id": f"evt_{at}", "object": "event", "type": "refund.updated", "created": at, "data": about}
        for at in (30, 20, 10)
    ]
    server.answers["GET", "/v1/events"] = (200, {"object": "list", "data": found, "has_more": False})

    events = gateway.list_events(since=datetime.fromtimestamp(10, UTC))

    assert [one.id for one in events] == ["evt_10", "evt_20", "evt_30"]
    (asked,) = server.sent("GET", "/v1/events")
    assert asked.params["created[gte]"] == "10"
    assert {asked.params[f"types[{number}]"] for number in range(len(EVENT_TYPES))} == set(EVENT_TYPES)


def test_stripe_lists_by_no_more_than_twenty_types() -> None:
    assert len(EVENT_TYPES) <= 20


def subscribe(server: StandIn, url: str) -> None:
    """Let localstripe tell of charges that succeed; it forgets a subscription only when it ends."""
    wanted = {"url": url, "secret": WEBHOOK_SECRET, "events": ["payment_intent.succeeded"]}
    requests.post(f"{server.url}/_config/webhooks/tests", json=wanted, timeout=5).raise_for_status()


@contextmanager
def receiver() -> Iterator[tuple[str, "Queue[tuple[bytes, dict[str, str]]]"]]:
    """An address that takes messages, and the messages."""
    messages: Queue[tuple[bytes, dict[str, str]]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def take(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.put((body, dict(self.headers.items())))
            self.send_response(200)
            self.end_headers()

        do_POST = take  # noqa: N815  http.server looks for this name

        def log_message(self, *parts: object) -> None:
            """Nothing is logged."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", messages
        finally:
            server.shutdown()
            thread.join()
