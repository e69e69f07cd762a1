"""A card processor of a few lines that approves everything, and takes its time to do so.

It speaks as the sandbox does, so that Duebook's own adapter is part of what is measured. It keeps no book and
serves all from one thread: the machine is to be busy with what is measured.
"""

import asyncio
import json
import re
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

ACCOUNT = {"id": "bench", "name": "Bench", "live": False, "currencies": ["USD"]}


class SlowGateway:
    """Answers each charge after ``seconds``, of which creating it takes none."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.url = ""
        self._made: dict[str, dict[str, Any]] = {}

    async def start(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=128)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return server

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """The requests of one connection, until the other side ends it."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
                body = await reader.readexactly(int(length[1])) if length else b"{}"
                values = json.dumps(await self._answer(head.split(b" ", 2)[1].decode(), json.loads(body)))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(values), values.encode())
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/charges":
            return self._make(body)
        if (found := re.fullmatch(r"/charges/(\w+)/confirm", path)) is None:
            return ACCOUNT
        await asyncio.sleep(self.seconds)
        made = self._made.pop(found[1])
        return {**made, "outcome": "succeeded", "captured_minor": made["amount_minor"]}

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
        self._made[made["id"]] = made
        return made


@contextmanager
def running_gateway(seconds: float) -> Iterator[SlowGateway]:
    """A gateway on a free port until the block ends."""
    gateway = SlowGateway(seconds)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(gateway.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield gateway
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end_connections())
        loop.close()


async def _end_connections() -> None:
    """Those that nobody has closed yet."""
    open_ones = asyncio.all_tasks() - {asyncio.current_task()}
    for one in open_ones:
        one.cancel()
    await asyncio.gather(*open_ones, return_exceptions=True)
