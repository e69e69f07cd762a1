"""The sandbox for the contract suite. There is nothing that it cannot do."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import requests

from duebook.gateways.protocol import Credentials, Gateway, SeenCharge, SetupHandle
from duebook.gateways.sandbox.adapter import SandboxGateway
from duebook.gateways.sandbox.processor.webhooks import sign
from tests.gateways.harness import Ability, Behaviour, Card
from tests.gateways.sandbox.server import NUMBERS, SECRET, Sandbox, running_sandbox

NAMES = {
    Behaviour.APPROVES: "approves",
    Behaviour.INSUFFICIENT_FUNDS: "insufficient funds",
    Behaviour.EXPIRED: "expired",
    Behaviour.STOLEN: "stolen",
    Behaviour.NEVER_APPROVE: "never approve",
    Behaviour.AUTHENTICATION_REQUIRED: "authentication",
    Behaviour.REFUSED_WHEN_SAVED: "refused when saved",
}


class SandboxHarness:
    """A running sandbox and the tester's hands at it."""

    name = "sandbox"
    cannot: frozenset[Ability] = frozenset()
    behaviours = frozenset(NAMES)
    foreign_currency = "KWD"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.credentials = Credentials(SECRET, webhook_secrets=("whsec_now",), base_url=sandbox.url)

    def build(self, credentials: Credentials, *, read_seconds: float = 10) -> Gateway:
        return SandboxGateway(credentials, read_seconds=read_seconds)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.sandbox.book()["now"])

    def card(self, behaviour: Behaviour) -> Card:
        saved = self.sandbox.card(NAMES[behaviour])
        return Card(customer=saved["customer"], token=saved["token"])

    def type_card(self, setup: SetupHandle, behaviour: Behaviour) -> None:
        assert setup.page_url == f"{self.sandbox.url}/setup/{setup.id}"
        self.sandbox.type_card(setup.id, NUMBERS[NAMES[behaviour]])

    def authenticate(self, charge: SeenCharge) -> None:
        requests.post(charge.action_url, data={"result": "complete"}, timeout=10).raise_for_status()

    def message(self, charge: SeenCharge, *, at: datetime) -> bytes:
        event = {
            "id": "evt_1",
            "type": "charge.succeeded",
            "object_kind": "charge",
            "object_id": charge.id,
            "created_at": at.isoformat(),
            "live": False,
        }
        return json.dumps(event).encode()

    def sign(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        return {"Sandbox-Signature": sign(body, secret=secret, unix_seconds=int(at.timestamp()))}

    def settle(self) -> None:
        self.sandbox.ask("POST", "/control/settlements")

    def open_dispute(self, charge_id: str) -> str:
        return self.sandbox.ask("POST", "/control/disputes", {"charge": charge_id})["id"]


@contextmanager
def sandbox_harness(folder: Path) -> Iterator[SandboxHarness]:
    """A sandbox with a new book."""
    with running_sandbox(folder / "book.sqlite3") as sandbox:
        yield SandboxHarness(sandbox)
