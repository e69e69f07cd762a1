"""The sandbox in a process of its own, on a free port, and its tester's hands."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

SECRET = "sk_of_this_test"
NUMBERS = {
    "approves": "4242424242424242",
    "insufficient funds": "4000000000009995",
    "expired": "4000000000000069",
    "stolen": "4000000000009979",
    "never approve": "4000000000000341",
    "authentication": "4000002500003155",
    "refused when saved": "4000000000000002",
}


@dataclass
class Sandbox:
    """A running sandbox."""

    url: str
    process: subprocess.Popen[str]

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **more: Any):
        """The response to a request with the right secret."""
        headers = {"Authorization": f"Bearer {SECRET}"} | ({"Idempotency-Key": key} if key else {})
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={**headers, **more.pop("headers", {})},
            timeout=10,
            **more,
        )

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> dict[str, Any]:
        """The JSON of a request that succeeds."""
        response = self.call(method, path, body, key=key)
        assert response.status_code == 200, response.text
        return response.json()

    def book(self) -> dict[str, Any]:
        return self.ask("GET", "/book")

    def fault(self, fault: str, **more: Any) -> None:
        """Add one fault to the script."""
        self.ask("POST", "/control/faults", [{"fault": fault, **more}])

    def advance(self, *, hours: float) -> None:
        self.ask("POST", "/control/clock", {"advance_seconds": hours * 3600})

    def type_card(self, setup_id: str, number: str, **fields: str) -> requests.Response:
        """As the customer, without following the way back."""
        typed = {"number": number, "expiry": "12/49", "code": "123", **fields}
        return requests.post(f"{self.url}/setup/{setup_id}", data=typed, timeout=10, allow_redirects=False)

    def card(self, behaviour: str = "approves") -> dict[str, Any]:
        """A saved card of a new customer."""
        setup = self.ask("POST", "/setups", {"reference": "setup", "name": "Acme"})
        self.type_card(setup["id"], NUMBERS[behaviour])
        return self.ask("GET", f"/setups/{setup['id']}")["card"]

    def create(self, amount_minor: int = 5000, *, card: Mapping[str, Any] | None = None, **more: Any):
        """A charge that is not confirmed."""
        key, currency = more.get("key", ""), more.get("currency", "USD")
        card = card or self.card()
        body = {
            "amount_minor": amount_minor,
            "currency": currency,
            "customer": card["customer"],
            "card": card["token"],
            "reference": more.get("reference", "invoice-1-1"),
        }
        return self.ask("POST", "/charges", body, key=key)

    def confirm(self, charge: Mapping[str, Any], *, key: str = "") -> dict[str, Any]:
        body = {name: charge[name] for name in ("amount_minor", "currency")}
        return self.ask("POST", f"/charges/{charge['id']}/confirm", body, key=key)

    def charge(self, amount_minor: int = 5000, **more: Any) -> dict[str, Any]:
        """One that was confirmed."""
        return self.confirm(self.create(amount_minor, **more))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def running_sandbox(book: Path, *options: str) -> Iterator[Sandbox]:
    """A sandbox on this book until the block ends."""
    command = [sys.executable, "-m", "duebook.jobs.command_line", "sandbox-gateway", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--book", str(book), "--secret", SECRET, *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield Sandbox(found[0], process)
    finally:
        process.kill()
        process.wait()
