"""The processor's HTTP door. Each request has a connection of its own, and a fault may end it unanswered."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from duebook.gateways.sandbox.processor import pages
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.control import CONTROLS, Tester
from duebook.gateways.sandbox.processor.faults import FaultKind
from duebook.gateways.sandbox.processor.idempotency import fingerprint_of
from duebook.gateways.sandbox.processor.operations import OPERATIONS, Operation, find_run
from duebook.gateways.sandbox.processor.processor import Processor, once_for_its_key
from duebook.gateways.sandbox.processor.refusals import Refusal

LONGEST_BODY_BYTES = 1_000_000
SILENCE_SECONDS = 30
LONGEST_KEY = 255

PAGES: Mapping[tuple[str, str], Callable[[Call, str], pages.Page]] = {
    ("GET", "setup"): pages.show_setup,
    ("POST", "setup"): pages.submit_setup,
    ("GET", "authenticate"): pages.show_authentication,
    ("POST", "authenticate"): pages.submit_authentication,
}


class Dropped(Exception):
    """A fault ends the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is written back."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] | None = None


class Server(ThreadingHTTPServer):
    """One processor on one address."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, processor: Processor, *, bind: str, port: int) -> None:
        self.processor = processor
        super().__init__((bind, port), Requests)

    @property
    def url(self) -> str:
        """Where it is reached."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def run(self) -> None:
        """Serve until something is raised."""
        self.processor.sender.start()
        try:
            self.serve_forever()
        finally:
            self.server_close()
            self.processor.sender.stop()
            self.processor.book.close()


class Requests(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "Sandbox"
    sys_version = ""
    timeout = SILENCE_SECONDS
    known_pages: ClassVar[re.Pattern[str]] = re.compile(r"/(setup|authenticate)/([A-Za-z0-9_]{1,100})")

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the book is the record."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        try:
            if parts.path == "/style.css":
                reply = Reply(200, pages.STYLE.encode(), "text/css")
            elif found := self.known_pages.fullmatch(parts.path):
                reply = self._page(found[1], found[2], dict(parse_qsl(parts.query)))
            else:
                reply = self._program(parts.path, dict(parse_qsl(parts.query)))
        except Refusal as refusal:
            reply = refused(refusal)
        except Dropped:
            return
        self._write(reply)

    def _page(self, name: str, object_id: str, query: dict[str, Any]) -> Reply:
        typed = dict(parse_qsl(self._body().decode("utf-8", "replace"), keep_blank_values=True))
        show = PAGES.get((self.command, name))
        if show is None:
            raise Refusal(405, "not_allowed", "A page is read or submitted.")
        try:
            page = self.server.processor.run(
                lambda call: show(call, object_id), values={**query, **typed}, origin=self._origin()
            )
        except Refusal as refusal:
            page = pages.error_page(refusal.status, refusal.message)
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
            "frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        if page.location:
            headers["Location"] = page.location
        return Reply(page.status, page.html.encode(), "text/html; charset=utf-8", headers)

    def _program(self, path: str, query: dict[str, Any]) -> Reply:
        if not self.server.processor.knows(self.headers.get("Authorization", "")):
            raise Refusal(401, "unauthorized", "The secret is wrong.")
        body = self._json()
        values = {**query, **(body if isinstance(body, dict) else {})}
        if control := find_run(CONTROLS, self.command, path):
            operation, ids = control
            items = body if isinstance(body, list) else []
            tester = Tester(self.server.processor, values, items, self._origin())
            return Reply(200, json.dumps(operation.run(tester, *ids)).encode())
        found = find_run(OPERATIONS, self.command, path)
        if found is None:
            raise Refusal(404, "no_such_path", "There is nothing at this address.")
        return self._operation(*found, path, values)

    def _operation(
        self, operation: Operation, ids: tuple[str, ...], path: str, values: dict[str, Any]
    ) -> Reply:
        processor, key = self.server.processor, self._key()
        struck = processor.faults.take(method=self.command, path=path, operation=operation.name)
        strike_before(struck)
        with processor.in_flight.only_one(key):
            time.sleep(struck.get(FaultKind.DELAY, 0))
            fingerprint = fingerprint_of(self.command, path, values)
            answer, known = processor.run(
                once_for_its_key(operation.run, ids, fingerprint, struck),
                values=values,
                origin=self._origin(),
                key=key,
            )
            time.sleep(struck.get(FaultKind.DELAY_AFTER, 0))
        return strike_after(struck, answer, known=known)

    def _key(self) -> str:
        key: str = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
        if len(key) > LONGEST_KEY:
            raise Refusal(400, "parameter_invalid", f"A key has at most {LONGEST_KEY} characters.")
        return key

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch(r"[0-9]{1,12}", length):
            raise Refusal(400, "parameter_invalid", "The length is a number.")
        if int(length) > LONGEST_BODY_BYTES:
            raise Refusal(413, "too_large", "The body is too large.")
        return self.rfile.read(int(length))

    def _json(self) -> Any:
        body = self._body()
        try:
            return json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "parameter_invalid", "The body is JSON.") from error

    def _origin(self) -> str:
        host = self.headers.get("Host", "")
        return f"http://{host}" if re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host) else self.server.url

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in (reply.headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)


def strike_before(struck: Mapping[FaultKind, float]) -> None:
    """The faults that leave no effect."""
    if FaultKind.DROP_BEFORE in struck:
        raise Dropped
    if FaultKind.ERROR_BEFORE in struck:
        raise Refusal(500, "internal_error", "Something went wrong.")
    if FaultKind.BUSY in struck:
        raise Refusal(429, "too_many_requests", "Ask again later.")


def strike_after(struck: Mapping[FaultKind, float], answer: dict[str, Any], *, known: bool) -> Reply:
    """The answer, or what a fault makes of it once the effect is there."""
    if FaultKind.DROP_AFTER in struck:
        raise Dropped
    if FaultKind.ERROR_AFTER in struck:
        raise Refusal(500, "internal_error", "Something went wrong.")
    if FaultKind.OTHER_AMOUNT in struck and "amount_minor" in answer:
        answer = {**answer, "amount_minor": answer["amount_minor"] + 1}
    body = json.dumps(answer).encode()
    if FaultKind.GARBLED in struck:
        body = body[: len(body) // 2]
    return Reply(200, body, headers={"Idempotent-Replayed": "true"} if known else None)


def refused(refusal: Refusal) -> Reply:
    """A refusal in JSON."""
    body = {"error": {"code": refusal.code, "message": refusal.message}}
    return Reply(refusal.status, json.dumps(body).encode())
