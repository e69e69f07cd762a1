"""What was answered under a key is answered again for 24 hours of the book's clock, and then no longer.

Only answers of requests that were carried out are kept: a refusal changes nothing and may be asked for again.
The answer is written in the transaction of its effect, so that neither is there without the other. Which keys
are being worked on is known to the process alone; when it ends, so has their work.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from duebook.gateways.sandbox.processor.book import instant
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.refusals import Refusal

WINDOW = timedelta(hours=24)


class InFlight:
    """The keys that are being worked on."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def only_one(self, key: str) -> Iterator[None]:
        """Hold a key while working; another request under it is refused at once. No key, no limit."""
        if not key:
            yield
            return
        with self._lock:
            if key in self._keys:
                raise Refusal(409, "in_progress", "A request with this key is being worked on.")
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.remove(key)


def fingerprint_of(method: str, path: str, values: Mapping[str, Any]) -> str:
    """The hash by which two requests are the same one."""
    text = json.dumps([method, path, values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def kept_answer(call: Call, fingerprint: str) -> dict[str, Any] | None:
    """The answer given before under the call's key, None where it is to be carried out."""
    row = call.db.execute(
        "SELECT fingerprint, body FROM keys WHERE key = ? AND first_at > ?",
        (call.key, instant(call.now - WINDOW)),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise Refusal(400, "idempotency_error", "This key was used for another request.")
    answer: dict[str, Any] = json.loads(row["body"])
    return answer


def keep_answer(call: Call, fingerprint: str, answer: Mapping[str, Any]) -> None:
    """Keep an answer under the call's key."""
    call.db.execute(
        "INSERT OR REPLACE INTO keys (key, fingerprint, body, first_at) VALUES (?, ?, ?, ?)",
        (call.key, fingerprint, json.dumps(answer), call.at),
    )
