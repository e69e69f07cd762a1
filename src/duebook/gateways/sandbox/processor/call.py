"""One request inside its transaction: what an operation is given and what it may read from it."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from duebook.gateways.sandbox.processor.book import instant
from duebook.gateways.sandbox.processor.refusals import Refusal

LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Call:
    """``values`` is the JSON body or the query; ``origin`` is where the caller reached us."""

    db: sqlite3.Connection
    now: datetime
    values: Mapping[str, Any]
    origin: str
    currencies: frozenset[str]
    key: str = ""
    events: list[str] = field(default_factory=list)
    """The ids of the events recorded so far, in order."""

    @property
    def at(self) -> str:
        return instant(self.now)

    def text(self, name: str) -> str:
        """A text, empty where it is missing."""
        value = self.values.get(name, "")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise Refusal(400, "parameter_invalid", f"{name} is a text of at most {LONGEST_TEXT} characters.")
        return value

    def required_text(self, name: str) -> str:
        """A text that is not empty."""
        if value := self.text(name):
            return value
        raise Refusal(400, "parameter_missing", f"{name} is missing.")

    def amount_minor(self) -> int:
        """A whole number of minor units, above zero."""
        value = self.values.get("amount_minor")
        if type(value) is not int or not 0 < value <= 10**15:
            raise Refusal(400, "amount_invalid", "amount_minor is a whole number above zero.")
        return value

    def moment(self, name: str, default: str) -> str:
        """An instant, written as the book writes it."""
        value = self.text(name)
        if not value:
            return default
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Refusal(400, "parameter_invalid", f"{name} is an instant with its time zone.")
        return instant(moment)


def web_address(text: str) -> str:
    """An address to which a browser may be sent back; empty for anything else, such as a script."""
    parts = urlsplit(text)
    is_one = parts.scheme in {"http", "https"} and parts.netloc and not re.search(r"[\x00-\x20]", text)
    return text if is_one else ""
