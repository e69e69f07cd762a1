"""Events on their way out: signed, in order, each tried up to five times with growing pauses.

The header is ``Sandbox-Signature: t=<unix seconds>,v1=<hex>``, an HMAC-SHA256 of ``<t>.<body>``. The time is
the machine's, as the receiver compares it with its own clock; one that lives by the book's says so.
"""

import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any
from urllib.parse import urlsplit

from duebook.gateways.sandbox.processor.book import Book, setting, virtual_now
from duebook.gateways.sandbox.processor.events import event_message
from duebook.gateways.sandbox.processor.refusals import no_such

MOST_ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 5
NO_ANSWER = 0


class Sender:
    """The one thread that sends what waits."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """End after the attempt that is under way; what waits is sent at the next start."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Look for events that wait."""
        self._wake.set()

    def release(self, event_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Send these events now, one after the other, sent before or not; returns how each was taken."""
        return [self._release_one(event_id) for event_id in event_ids]

    def _release_one(self, event_id: str) -> dict[str, Any]:
        with self._book.transaction() as db:
            if not db.execute("SELECT 1 FROM events WHERE id = ?", (event_id,)).fetchone():
                raise no_such("event", event_id)
            db.execute("DELETE FROM deliveries WHERE event = ? AND state = 'held'", (event_id,))
            seq = db.execute(
                "INSERT INTO deliveries (event, state) VALUES (?, 'held')", (event_id,)
            ).lastrowid
        return self._deliver(seq)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            while not self._stop.is_set() and (seq := self._next()) is not None:
                self._deliver(seq)

    def _next(self) -> int | None:
        with self._book.transaction() as db:
            row = db.execute("SELECT min(seq) AS seq FROM deliveries WHERE state = 'waiting'").fetchone()
        return None if row["seq"] is None else int(row["seq"])

    def _deliver(self, seq: int | None) -> dict[str, Any]:
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            with self._book.transaction() as db:
                event, url, headers = _message(db, seq)
            status = post(url, event, headers)
            with self._book.transaction() as db:
                delivery = _note_attempt(db, seq, status)
            if delivery["state"] in {"delivered", "failed"} or self._stop.wait(pause_seconds):
                return delivery
            pause_seconds *= 2


def sign(body: bytes, *, secret: str, unix_seconds: int) -> str:
    """The header's value."""
    signed = f"{unix_seconds}.".encode() + body
    return f"t={unix_seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send and return the status, NO_ANSWER where there is none. A redirect is not followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request(
            "POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    finally:
        connection.close()


def delivery_view(row: Row) -> dict[str, Any]:
    """A delivery, for tests."""
    return {name: row[name] for name in ("seq", "event", "state", "attempts", "status")}


def _message(db: Any, seq: int | None) -> tuple[bytes, str, dict[str, str]]:
    row = db.execute(
        "SELECT events.* FROM deliveries JOIN events ON events.id = event WHERE deliveries.seq = ?", (seq,)
    ).fetchone()
    body = json.dumps(event_message(db, row)).encode()
    by_book = setting(db, "webhook_clock") == "book"
    signature = sign(
        body,
        secret=setting(db, "webhook_secret"),
        unix_seconds=int(virtual_now(db).timestamp() if by_book else time.time()),
    )
    headers = {"Content-Type": "application/json", "Sandbox-Signature": signature}
    return body, setting(db, "webhook_url"), headers


def _note_attempt(db: Any, seq: int | None, status: int) -> dict[str, Any]:
    taken = 200 <= status < 300
    db.execute(
        "UPDATE deliveries SET attempts = attempts + 1, status = :status, state = CASE WHEN :taken THEN"
        " 'delivered' WHEN attempts + 1 >= :most THEN 'failed' ELSE state END WHERE seq = :seq",
        {"status": status, "taken": taken, "most": MOST_ATTEMPTS, "seq": seq},
    )
    return delivery_view(db.execute("SELECT * FROM deliveries WHERE seq = ?", (seq,)).fetchone())
