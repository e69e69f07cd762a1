"""A Stripe for tests: localstripe in a process of its own, behind a proxy that makes it more like Stripe.

The adapter is never told that it is not Stripe's. So the proxy takes out of a request what localstripe does
not know (`UNKNOWN`), keeps idempotency keys as Stripe does, breaks a connection on demand, and answers for
objects that localstripe has not (`answers`). localstripe is run, not imported.
"""

import http.client
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from duebook.jobs import programs
from tests.jobs.serving import free_port

LAUNCHER = """
import builtins, os, runpy
real_open = builtins.open
def open_without_a_store(path, *rest, **options):
    return real_open(os.devnull if path == "/tmp/localstripe.pickle" else path, *rest, **options)
builtins.open = open_without_a_store
runpy.run_module("localstripe", run_name="__main__")
"""
"""It writes all it knows to one fixed file after each request; here nobody ever reads that."""

UNKNOWN = (
    ("POST", r"/v1/payment_intents", r"description|allowed_payment_method_types.*"),
    ("POST", r"/v1/payment_intents/\w+/confirm", r"off_session|return_url|setup_future_usage"),
    ("POST", r"/v1/setup_intents", r"allowed_payment_method_types.*"),
    ("GET", r"/v1/events", r"types.*"),
    ("GET", r"/v1/payouts", r"arrival_date.*|status"),
)
"""Method, path and the parameters of Stripe's that localstripe refuses."""


class Fault(Enum):
    """How a request goes wrong; BEFORE and AFTER are as seen from Stripe's work."""

    CLOSED_BEFORE = "the connection is closed, nothing was done"
    CLOSED_AFTER = "the connection is closed, all was done"
    SLOW = "it is done, and no answer comes before the asker gives up"
    TRUNCATED = "it is done, and half of the answer comes"
    NONSENSE = "it is done, and the answer is no JSON"
    ERROR_BEFORE = "500, nothing was done"
    ERROR_AFTER = "500, all was done"


NEWEST_FIRST = frozenset([("GET", "/v1/payment_intents"), ("GET", "/v1/events")])
"""Lists that localstripe gives the oldest first, and of all time."""

SECRET = "sk_test_12345"
KNOWN = f"Bearer {SECRET}"
"""localstripe takes any secret; Stripe's script sends none."""

ACCOUNT = {"object": "account", "id": "acct_1", "settings": {"dashboard": {"display_name": "Acme"}}}

BEFORE = frozenset([Fault.CLOSED_BEFORE, Fault.ERROR_BEFORE])
LONGEST_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Request:
    """A request as the adapter sent it."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers.get("Idempotency-Key", "")


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class StandIn(ThreadingHTTPServer):
    """The proxy; tests read `requests` and fill `faults` and `answers`."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream_port = port
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock = threading.Lock()
        self.requests: list[Request] = []
        self.faults: list[tuple[str, str, Fault]] = []
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {("GET", "/v1/account"): (200, ACCOUNT)}
        self._answers_once: dict[tuple[str, str], tuple[int, Any]] = {}
        self._kept: dict[str, tuple[tuple[str, bytes], Reply | None]] = {}

    def forget(self) -> None:
        """Nothing recorded, planned or answered; keys and objects stay."""
        with self.lock:
            self.requests.clear()
            self.faults.clear()
            self.answers = {("GET", "/v1/account"): (200, ACCOUNT)}
            self._answers_once.clear()

    def break_next(self, method: str, path: str, fault: Fault) -> None:
        """Let the next request whose path matches the expression go wrong."""
        with self.lock:
            self.faults.append((method, path, fault))

    def answer_once(self, method: str, path: str, answer: tuple[int, Any]) -> None:
        """Let the next request to the path be answered so, and further ones as usual."""
        self._answers_once[method, path] = answer

    def sent(self, method: str, path: str) -> list[Request]:
        """The requests so far whose path matches the expression."""
        return [one for one in self.requests if one.method == method and re.fullmatch(path, one.path)]

    def take_fault(self, request: Request) -> Fault | None:
        with self.lock:
            for planned in self.faults:
                if planned[0] == request.method and re.fullmatch(planned[1], request.path):
                    self.faults.remove(planned)
                    return planned[2]
        return None

    def reply(self, request: Request) -> Reply:
        """What Stripe answers: a key's first answer again, whatever changed meanwhile."""
        at = (request.method, request.path)
        if planned := self._answers_once.pop(at, None) or self.answers.get(at):
            return Reply(planned[0], json.dumps(planned[1]).encode())
        if request.headers.get("Authorization", KNOWN) != KNOWN:
            return _error(401, "invalid_request_error", "Invalid API Key provided.")
        if at in NEWEST_FIRST:
            return self._newest_first(request)
        if request.method != "POST" or not request.key:
            return self.forward(request)
        sent = (request.path, request.body)
        with self.lock:
            known = self._kept.get(request.key)
            if known is None:
                self._kept[request.key] = (sent, None)
        if known is None:
            reply = self.forward(request)
            with self.lock:
                if reply.status in (400, 401, 404):
                    del self._kept[request.key]
                else:
                    self._kept[request.key] = (sent, reply)
            return reply
        if known[0] != sent:
            return _error(400, "idempotency_error", "Keys can only be used with the parameters first sent.")
        if known[1] is not None:
            return replace(known[1], headers={**known[1].headers, "Idempotent-Replayed": "true"})
        return _error(409, "invalid_request_error", "In progress.", "idempotency_key_in_use")

    def _newest_first(self, request: Request) -> Reply:
        """A list as Stripe gives it: of a span of time, the newest first, in pages."""
        expand = {name: value for name, value in request.params.items() if name.startswith("expand")}
        reply = self.forward(replace(request, params={**expand, "limit": "100000"}))
        first = int(request.params.get("created[gte]", "0"))
        last = int(request.params.get("created[lte]", "99999999999"))
        found = json.loads(reply.body)
        whole = [one for one in found["data"][::-1] if first <= one["created"] <= last]
        ids = [one["id"] for one in whole]
        begin = ids.index(request.params["starting_after"]) + 1 if "starting_after" in request.params else 0
        end = begin + int(request.params.get("limit", "10"))
        page = {**found, "data": whole[begin:end], "has_more": end < len(whole)}
        return Reply(200, json.dumps(page).encode())

    def forward(self, request: Request) -> Reply:
        """What localstripe answers."""
        unknown = [
            names
            for method, path, names in UNKNOWN
            if method == request.method and re.fullmatch(path, request.path)
        ]
        path, body = request.path, request.body
        if unknown:
            kept = urlencode({k: v for k, v in request.params.items() if not re.fullmatch(unknown[0], k)})
            path, body = (path, kept.encode()) if request.method == "POST" else (f"{path}?{kept}", body)
        elif request.method == "GET" and request.params:
            path = f"{path}?{urlencode(request.params)}"
        dropped = {"host", "content-length", "connection", "accept-encoding"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=20)
        try:
            connection.request(request.method, path, body, headers)
            answer = connection.getresponse()
            if answer.status == 404 and "json" not in answer.getheader("Content-Type", ""):
                return _error(404, "invalid_request_error", "Unrecognized request URL.")
            passed = {
                name: value
                for name, value in answer.getheaders()
                if name.lower().startswith(("content-type", "access-control"))
            }
            return Reply(answer.status, answer.read(), passed)
        finally:
            connection.close()


def _error(status: int, kind: str, message: str, code: str = "") -> Reply:
    return Reply(
        status, json.dumps({"error": {"type": kind, "message": message, "code": code or None}}).encode()
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        is_form = "form-urlencoded" in self.headers.get("Content-Type", "")
        text = body.decode() if is_form else split.query
        params = dict(parse_qsl(text, keep_blank_values=True))
        request = Request(self.command, split.path, params, dict(self.headers.items()), body)
        with self.server.lock:
            self.server.requests.append(request)
        fault = self.server.take_fault(request)
        reply = None if fault in BEFORE else self.server.reply(request)
        match fault:
            case Fault.CLOSED_BEFORE | Fault.CLOSED_AFTER:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                reply = _error(500, "api_error", "Something went wrong on Stripe's end.")
            case Fault.SLOW:
                self.wait_until_given_up()
                return
            case Fault.NONSENSE:
                reply = Reply(200, b"<html>client_secret</html>")
        assert reply is not None
        self.write(reply, whole=fault is not Fault.TRUNCATED)

    def wait_until_given_up(self) -> None:
        self.close_connection = True
        self.connection.settimeout(LONGEST_WAIT_SECONDS)
        with suppress(OSError):
            self.connection.recv(1)

    def write(self, reply: Reply, *, whole: bool) -> None:
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body if whole else reply.body[: len(reply.body) // 2])
            if not whole:
                self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            # The adapter did not wait for the answer.
            self.close_connection = True

    do_GET = do_POST = do_OPTIONS = handle_request  # noqa: N815  http.server looks for these names

    def log_message(self, *parts: object) -> None:
        """Nothing is logged: `requests` holds all."""


@contextmanager
def stand_in(folder: Path) -> Iterator[StandIn]:
    """A Stripe that runs until the block ends."""
    port = free_port()
    program = programs.Program(
        name="localstripe",
        argv=[sys.executable, "-c", LAUNCHER, "--port", str(port), "--from-scratch"],
        env={**os.environ, "TMPDIR": str(folder)},
        log=folder / "log",
    )
    process = programs.start(program)
    try:
        _wait_for(port)
        with StandIn(port) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()
    finally:
        programs.stop(program, process)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("localstripe did not start")
