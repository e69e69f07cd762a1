"""Servers between an adapter and its gateway that do what networks do: they stay silent, break off, lie.

They work for every adapter, as they know nothing of what they carry.
"""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

Alter = Callable[[bytes], bytes | None]
Answer = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes] | None]


@contextmanager
def nobody() -> Iterator[str]:
    """An address at which nobody listens: its port is taken, and connections to it are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def silent_server() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def answering_server(status: int, body: bytes) -> Iterator[str]:
    """An address that gives the same answer to everything."""

    def answer(requests: BaseHTTPRequestHandler, sent: bytes) -> tuple[int, bytes] | None:
        return status, body

    with _server(answer) as url:
        yield url


@contextmanager
def altering_server(url: str, alter: Alter) -> Iterator[str]:
    """The gateway at `url`, but its answers are what `alter` makes of them; None breaks the connection.

    Everything has its effect: what is broken off is broken off after it.
    """

    def answer(requests: BaseHTTPRequestHandler, sent: bytes) -> tuple[int, bytes] | None:
        status, answered = _forward(url, requests, sent)
        altered = alter(answered)
        return None if altered is None else (status, altered)

    with _server(answer) as altering:
        yield altering


@contextmanager
def receiving_server(
    received: list[tuple[bytes, Mapping[str, str]]], status: Callable[[], int]
) -> Iterator[str]:
    """An address that notes each body with its headers and answers with the next status."""

    def answer(requests: BaseHTTPRequestHandler, sent: bytes) -> tuple[int, bytes] | None:
        received.append((sent, dict(requests.headers)))
        return status(), b""

    with _server(answer) as url:
        yield url


def _forward(url: str, requests: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        dropped = {"host", "connection", "accept-encoding"}
        headers = {name: value for name, value in requests.headers.items() if name.lower() not in dropped}
        connection.request(requests.command, requests.path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def _server(answer: Answer) -> Iterator[str]:
    class Requests(BaseHTTPRequestHandler):
        def _any(self) -> None:
            answered = answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            if answered is None:
                return
            status, body = answered
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815 - the library's names

        def log_message(self, *args):
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
