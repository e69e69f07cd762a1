"""A small load program for HTTP: one thread and connections that stay open, one request on each at a time."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.rounds import Taken, Work

_LONGEST_ANSWER_SECONDS = 60


@dataclass
class _Line:
    """One connection and the request under way on it."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


class UnexpectedAnswer(Exception):
    """The server answered something else than what the measured work answers."""


def load(port: int, *, connections: int, next_request: Callable[[], bytes], expected: frozenset[int]) -> Work:
    """The work of sending requests on so many connections; an answer of any other status ends the run."""

    def work(seconds: float) -> Taken:
        selector = selectors.DefaultSelector()
        lines = [_Line(socket.create_connection(("127.0.0.1", port))) for _ in range(connections)]
        each: list[float] = []
        statuses: Counter[int] = Counter()
        started = time.perf_counter()
        deadline = started + seconds
        for line in lines:
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line.socket, selectors.EVENT_READ, line)
            _send(line, next_request())
        open_lines = len(lines)
        while open_lines:
            ready = selector.select(_LONGEST_ANSWER_SECONDS)
            if not ready:
                raise UnexpectedAnswer("no answer in time")
            for key, _ in ready:
                line = key.data
                status = _receive(line)
                if status is None:
                    continue
                now = time.perf_counter()
                each.append(1000 * (now - line.sent_at))
                statuses[status] += 1
                if status not in expected:
                    raise UnexpectedAnswer(f"status {status}: {bytes(line.received[:2000])!r}")
                line.received.clear()
                if now < deadline:
                    _send(line, next_request())
                else:
                    selector.unregister(line.socket)
                    line.socket.close()
                    open_lines -= 1
        return Taken(len(each), time.perf_counter() - started, each)

    return work


def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Send one request and return the status and the whole answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        line = _Line(connection)
        _send(line, request)
        while (status := _receive(line)) is None:
            pass
        return status, bytes(line.received)


def get(path: str, *, cookies: str = "", headers: str = "") -> bytes:
    """The bytes of a GET."""
    cookie = f"Cookie: {cookies}\r\n" if cookies else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}{headers}\r\n".encode()


def post(path: str, body: str, *, cookies: str = "") -> bytes:
    """The bytes of a POST of a form."""
    cookie = f"Cookie: {cookies}\r\n" if cookies else ""
    content = body.encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def _send(line: _Line, request: bytes) -> None:
    line.sent_at = time.perf_counter()
    line.socket.sendall(request)


def _receive(line: _Line) -> int | None:
    """Read what has come; the status once the answer is whole."""
    part = line.socket.recv(1 << 17)
    if not part:
        raise UnexpectedAnswer(f"the server closed the connection after {bytes(line.received[:500])!r}")
    line.received += part
    head_end = line.received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = bytes(line.received[:head_end]).lower()
    status = int(head[9:12])
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        return status if len(line.received) >= head_end + 4 + length else None
    if b"transfer-encoding: chunked" in head:
        return status if line.received.endswith(b"\r\n0\r\n\r\n") else None
    return status
