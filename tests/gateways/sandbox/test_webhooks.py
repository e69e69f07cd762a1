"""The sandbox tells what happened: signed, again until it is taken, and in any order that a test wants."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from duebook.gateways.protocol import Credentials, GatewayEvent, ObjectKind
from duebook.gateways.sandbox.adapter import SandboxGateway
from tests.gateways.bad_network import receiving_server
from tests.gateways.sandbox.server import Sandbox, running_sandbox
from tests.jobs.serving import eventually

WEBHOOK_SECRET = "whsec_of_this_test"
GATEWAY = SandboxGateway(Credentials("unused", webhook_secrets=(WEBHOOK_SECRET,)))


class Receiver:
    """Believes what is signed, and answers with the statuses it was given, then 200."""

    def __init__(self, url: str, received: list, statuses: list[int]) -> None:
        self.url = url
        self.received = received
        self.statuses = statuses

    def events(self) -> list[GatewayEvent]:
        now = datetime.now(UTC)
        return [GATEWAY.verify_webhook(body, headers, now=now) for body, headers in self.received]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events()]


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    waiting = list(statuses)
    received: list = []
    with receiving_server(received, lambda: waiting.pop(0) if waiting else 200) as url:
        yield Receiver(url, received, waiting)


def listen(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.ask("POST", "/control/webhooks", {"url": f"{receiver.url}/hook?a=1", "secret": WEBHOOK_SECRET})


def states(sandbox: Sandbox) -> list[str]:
    deliveries = sandbox.ask("GET", "/control/webhooks/deliveries")["deliveries"]
    return [delivery["state"] for delivery in deliveries]


def quiet(sandbox: Sandbox) -> bool:
    return eventually(lambda: "waiting" not in states(sandbox))


def test_events_arrive_signed_and_in_order(sandbox: Sandbox):
    charge = sandbox.create()
    with receiving() as receiver:
        listen(sandbox, receiver)
        sandbox.confirm(charge)
        sandbox.ask(
            "POST",
            f"/charges/{charge['id']}/void",
            {"amount_minor": 5000, "currency": "USD", "reference": "v"},
        )
        assert quiet(sandbox)

        events = receiver.events()

    assert [event.kind for event in events] == ["charge.succeeded", "refund.succeeded"]
    assert (events[0].object_kind, events[0].object_id) == (ObjectKind.CHARGE, charge["id"])
    listed = sandbox.ask("GET", "/events")["events"]
    assert [json.loads(body) for body, _ in receiver.received] == listed[-2:]


def test_what_is_not_taken_is_sent_again_under_the_same_id(alone: Sandbox):
    card = alone.card()
    with receiving(500, 302, 404) as receiver:
        listen(alone, receiver)
        alone.create(card=card)
        assert quiet(alone)

        assert len(receiver.received) == 4
        assert len({event.id for event in receiver.events()}) == 1
    (delivery,) = alone.ask("GET", "/control/webhooks/deliveries")["deliveries"]
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 4, 200)


def test_after_five_times_and_growing_pauses_it_is_given_up_and_can_still_be_asked_for(alone: Sandbox):
    card = alone.card()
    begun = time.monotonic()
    with receiving(*[500] * 5) as receiver:
        listen(alone, receiver)
        charge = alone.create(card=card)
        assert quiet(alone)

        assert len(receiver.received) == 5
    assert time.monotonic() - begun >= 0.05 + 0.1 + 0.2 + 0.4
    assert states(alone) == ["failed"]
    assert alone.ask("GET", "/events")["events"][-1]["object_id"] == charge["id"]


def test_what_waits_when_the_process_ends_is_sent_by_the_next(tmp_path: Path):
    book = tmp_path / "book.sqlite3"
    with receiving(*[500] * 3) as receiver:
        with running_sandbox(book) as sandbox:
            card = sandbox.card()
            listen(sandbox, receiver)
            sandbox.create(card=card)
            assert eventually(lambda: len(receiver.received) >= 1)
            assert sandbox.stop() == 0
        with running_sandbox(book) as sandbox:
            assert quiet(sandbox)

            assert states(sandbox) == ["delivered"]
            assert len(sandbox.book()["charges"]) == 1
        assert receiver.kinds() == ["charge.created"] * 4


def test_a_webhook_may_come_twice(sandbox: Sandbox):
    charge = sandbox.create()
    with receiving() as receiver:
        listen(sandbox, receiver)
        sandbox.fault("duplicate_webhook")
        sandbox.confirm(charge)
        assert quiet(sandbox)

        assert receiver.kinds() == ["charge.succeeded"] * 2
        assert len({event.id for event in receiver.events()}) == 1


def test_a_success_may_be_followed_by_an_older_failure(sandbox: Sandbox):
    charge = sandbox.create()
    with receiving() as receiver:
        listen(sandbox, receiver)
        sandbox.fault("late_contradicting_webhook")
        sandbox.confirm(charge)
        assert quiet(sandbox)

        success, failure = receiver.events()
    assert (success.kind, failure.kind) == ("charge.succeeded", "charge.failed")
    assert success.object_id == failure.object_id == charge["id"]
    assert failure.occurred_at < success.occurred_at
    assert sandbox.ask("GET", f"/charges/{charge['id']}")["outcome"] == "succeeded"


def test_held_webhooks_are_released_in_any_order(alone: Sandbox):
    card = alone.card()
    with receiving() as receiver:
        listen(alone, receiver)
        alone.ask("POST", "/control/webhooks/hold")
        charge = alone.confirm(alone.create(card=card))
        alone.ask(
            "POST",
            f"/charges/{charge['id']}/refunds",
            {"amount_minor": 100, "currency": "USD", "reference": "r"},
        )
        held = [
            delivery["event"] for delivery in alone.ask("GET", "/control/webhooks/deliveries")["deliveries"]
        ]
        assert len(held) == 3
        assert receiver.received == []

        for order in permutations(held):
            receiver.received.clear()
            alone.ask("POST", "/control/webhooks/release", {"events": [*order, order[0]]})
            assert [event.id for event in receiver.events()] == [*order, order[0]]
        assert set(states(alone)) == {"delivered"}


def test_released_without_an_order_all_come_as_they_happened_and_none_is_held_any_more(alone: Sandbox):
    card = alone.card()
    with receiving() as receiver:
        listen(alone, receiver)
        alone.ask("POST", "/control/webhooks/hold")
        charge = alone.create(card=card)
        alone.confirm(charge)

        alone.ask("POST", "/control/webhooks/release")

        assert receiver.kinds() == ["charge.created", "charge.succeeded"]
        alone.create(card=card)
        assert quiet(alone)
        assert receiver.kinds() == ["charge.created", "charge.succeeded", "charge.created"]


@pytest.mark.parametrize(("clock", "days"), [("machine", 0), ("book", 10)])
def test_a_message_is_signed_with_the_machines_time_or_the_books(alone: Sandbox, clock: str, days: int):
    card = alone.card()
    alone.advance(hours=240)
    with receiving() as receiver:
        where = {"url": receiver.url, "secret": WEBHOOK_SECRET, "clock": clock}
        alone.ask("POST", "/control/webhooks", where)
        alone.create(card=card)
        assert quiet(alone)

        signed_at = int(receiver.received[0][1]["Sandbox-Signature"].split(",")[0].removeprefix("t="))
    assert round((signed_at - datetime.now(UTC).timestamp()) / 86400) == days
