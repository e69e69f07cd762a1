"""Several who do something at once, each on a connection of their own."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

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


def while_open(first: Callable[[], Any], *others: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What ``first`` and the others got; they begin before it commits, which it does once all wait."""

    def on_a_connection_of_its_own(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(others)) as pool:
        with transaction.atomic():
            result = first()
            futures = [pool.submit(on_a_connection_of_its_own, other) for other in others]
            _wait_until_all_wait(futures)
        return result, [future.exception() or future.result() for future in futures]


def _wait_until_all_wait(futures: list[Future[Any]]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            waiting = cursor.fetchone()[0]
        if waiting + sum(future.done() for future in futures) == len(futures):
            return
        time.sleep(0.01)
    pytest.fail("someone neither waits nor ends")
