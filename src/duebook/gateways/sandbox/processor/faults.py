"""What is to go wrong: a script of faults, each for the next request that it fits, and chaos from a seed."""

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from duebook.gateways.sandbox.processor.refusals import Refusal


class FaultKind(StrEnum):
    """The first four strike before the effect, the webhook faults with it, the others after it."""

    DROP_BEFORE = "drop_before"
    ERROR_BEFORE = "error_before"
    BUSY = "busy"
    DELAY = "delay"
    DUPLICATE_WEBHOOK = "duplicate_webhook"
    LATE_CONTRADICTING_WEBHOOK = "late_contradicting_webhook"
    DELAY_AFTER = "delay_after"
    ERROR_AFTER = "error_after"
    DROP_AFTER = "drop_after"
    GARBLED = "garbled"
    OTHER_AMOUNT = "other_amount"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``path`` may hold ``*``, and what is empty fits every request."""

    kind: FaultKind
    method: str = ""
    path: str = ""
    operation: str = ""
    seconds: float = 1

    def fits(self, method: str, path: str, operation: str) -> bool:
        return (
            self.method in {"", method}
            and self.operation in {"", operation}
            and (not self.path or fnmatchcase(path, self.path))
        )


class Faults:
    """What is still to come. The same seed and the same requests in the same order meet the same faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._chances: dict[FaultKind, float] = {}
        self._random = random.Random()  # noqa: S311 - chaos, to be repeated
        self._delay_seconds = 1.0

    def add(self, given: Sequence[Mapping[str, Any]]) -> None:
        """Add faults to the end of the script."""
        faults = [read_fault(fault) for fault in given]
        with self._lock:
            self._script += faults

    def set_chaos(self, given: Mapping[str, Any]) -> None:
        """Replace the chances; none at all end the chaos."""
        chances = {
            _kind(name): _number(value, name, most=1)
            for name, value in given.items()
            if name not in {"seed", "delay_seconds"}
        }
        with self._lock:
            self._chances = chances
            self._random = random.Random(str(given.get("seed", "")))  # noqa: S311
            self._delay_seconds = _number(given.get("delay_seconds", 1), "delay_seconds")

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._script, self._chances = [], {}

    def waiting(self) -> list[Fault]:
        """The script as far as it has not struck."""
        with self._lock:
            return list(self._script)

    def take(self, *, method: str, path: str, operation: str) -> dict[FaultKind, float]:
        """The faults of this request, with their seconds; the one from the script is used up."""
        with self._lock:
            struck = {
                kind: self._delay_seconds
                for kind in FaultKind
                if kind in self._chances and self._random.random() < self._chances[kind]
            }
            for place, fault in enumerate(self._script):
                if fault.fits(method, path, operation):
                    struck[fault.kind] = fault.seconds
                    del self._script[place]
                    break
            return struck


def read_fault(given: Mapping[str, Any]) -> Fault:
    """A fault of a script."""
    texts = {name: given.get(name, "") for name in ("method", "path", "operation")}
    if unknown := set(given) - {"fault", "seconds", *texts}:
        raise Refusal(400, "parameter_invalid", f"A fault has no {', '.join(sorted(unknown))}.")
    if not all(isinstance(text, str) for text in texts.values()):
        raise Refusal(400, "parameter_invalid", "method, path and operation are texts.")
    seconds = _number(given.get("seconds", 1), "seconds")
    return Fault(kind=_kind(given.get("fault")), seconds=seconds, **texts)


def _kind(name: Any) -> FaultKind:
    try:
        return FaultKind(name)
    except ValueError as error:
        raise Refusal(400, "parameter_invalid", f"There is no fault {name!r}.") from error


def _number(value: Any, name: str, *, most: float = 3600) -> float:
    if type(value) not in {int, float} or not 0 <= value <= most:
        raise Refusal(400, "parameter_invalid", f"{name} is a number from 0 to {most}.")
    return float(value)
