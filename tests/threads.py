"""Several who do something at once, each on a connection of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from duebook.domain.errors import DomainError


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act, all begun together, came to: its result, or the refusal."""
    return in_threads(len(acts), lambda i: acts[i]())


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of so many got: its result, or the refusal."""

    def run(i: int) -> Any:
        try:
            return work(i)
        except DomainError as refusal:
            return refusal
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
