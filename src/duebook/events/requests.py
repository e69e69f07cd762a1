"""The identity of a request: a key given by the caller and a hash of what was asked."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from duebook.domain.errors import KeyReused, RequestKeyMissing
from duebook.domain.permissions import Actor
from duebook.events.models import Event

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def input_hash(value: Any) -> str:
    """SHA-256 of a canonical form of the input: equal inputs give equal hashes on every machine.

    Where the input is ids and texts alone, its first part says what is asked: another act on something of the
    same id is another request.
    """
    return hashlib.sha256(_CANONICAL.encode(_plain(value)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(kind):
        return _plain_fields(value, kind)
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(v) for v in value)
    raise TypeError(f"no canonical form for {kind.__name__}")


def _plain_fields(value: Any, kind: Any) -> dict[str, Any]:
    plain = {}
    for name in _names_of_fields(kind):
        part = getattr(value, name)
        # Most fields are texts and numbers; a call for each would be half the time.
        plain[name] = part if type(part) in _AS_THEY_ARE else _plain(part)
    return plain


@cache
def _names_of_fields(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


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
