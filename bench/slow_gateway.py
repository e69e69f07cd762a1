"""A card processor of a few lines that approves everything, and takes its time to do so.

It speaks as the sandbox does, so that Duebook's own adapter is part of what is measured, and keeps no book:
the sandbox's would take the processor time that is to be measured.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4


class SlowGateway(ThreadingHTTPServer):
    """Answers each charge after ``seconds``, of which creating it takes none."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.made: dict[str, dict[str, Any]] = {}
        super().__init__(("127.0.0.1", 0), _Answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlowGateway

    def do_GET(self) -> None:
        """Whose account it is: all that is asked of it by GET."""
        self._answer({"id": "bench", "name": "Bench", "live": False, "currencies": ["USD"]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if (found := re.fullmatch(r"/charges/(\w+)/confirm", self.path)) is None:
            self._answer(self._make(body))
            return
        time.sleep(self.server.seconds)
        made = self.server.made.pop(found[1])
        self._answer({**made, "outcome": "succeeded", "captured_minor": made["amount_minor"]})

    def _make(self, body: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": f"bench_{uuid4().hex}",
            "outcome": "not_confirmed",
            "amount_minor": body["amount_minor"],
            "currency": body["currency"],
            "reference": body["reference"],
            "created_at": "2026-01-01T00:00:00+00:00",
            "captured_minor": 0,
            "refunded_minor": 0,
            "fee_minor": 0,
            "decline": None,
            "action_url": "",
            "card": None,
            "live": False,
        }
        self.server.made[made["id"]] = made
        return made

    def _answer(self, values: dict[str, Any]) -> None:
        body = json.dumps(values).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base calls it
        """Nothing."""


@contextmanager
def running_gateway(seconds: float) -> Iterator[SlowGateway]:
    """A gateway on a free port until the block ends."""
    with SlowGateway(seconds) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
