"""The small load program: it counts whole answers and stops at an answer that is not what it measures."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.http_load import UnexpectedAnswer, exchange, get, load, post


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"x" * 200_000)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(500 if b"fail" in body else 302, body + self.headers["Cookie"].encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_go_on_until_the_time_is_over(port: int) -> None:
    work = load(port, connections=3, next_request=lambda: get("/"), expected=frozenset({200}))

    taken = work(0.1)

    assert taken.count == len(taken.each_ms) >= 3
    assert all(ms > 0 for ms in taken.each_ms)


def test_an_unexpected_answer_ends_the_run(port: int) -> None:
    work = load(
        port, connections=1, next_request=lambda: post("/", "fail", cookies="a=b"), expected=frozenset({302})
    )

    with pytest.raises(UnexpectedAnswer, match="status 500"):
        work(0.1)


def test_a_form_carries_its_cookies(port: int) -> None:
    status, answer = exchange(port, post("/", "amount=5", cookies="a=b; c=d"))

    assert status == 302
    assert answer.endswith(b"amount=5a=b; c=d")
