"""The identity of a request: a key given by the caller and a hash of what was asked."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from duebook.domain.errors import KeyReused, RequestKeyMissing
from duebook.domain.permissions import Actor
from duebook.events.models import Event


def input_hash(value: Any) -> str:
    """SHA-256 of a canonical form of the input: equal inputs give equal hashes on every machine."""
    canonical = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(v) for v in value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


def earlier_event(*, actor: Actor, request_key: str, hashed: str) -> Event | None:
    """The event that this very request wrote before, if it did.

    Call it after the lock. Raises RequestKeyMissing for an empty key and KeyReused when the key was used
    with other input.
    """
    if not request_key:
        raise RequestKeyMissing
    event = Event.objects.filter(actor_id=actor.user_id, request_key=request_key).first()
    if event is not None and event.input_hash != hashed:
        raise KeyReused(number=event.payload.get("number", event.name))
    return event
