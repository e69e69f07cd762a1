"""The pages that people wait for: how long the server takes, how many statements, and the slowest of them."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from django.test import Client

from bench.http_load import get
from bench.scene import Scene

BARE_ROWS = 200_000

_BARE_TABLES = f"""
DROP TABLE IF EXISTS bench_bare_invoice, bench_bare_contact;
CREATE TABLE bench_bare_contact (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO bench_bare_contact SELECT g, 'Contact ' || g FROM generate_series(1, {BARE_ROWS}) g;
CREATE TABLE bench_bare_invoice (id bigint PRIMARY KEY, number bigint NOT NULL UNIQUE,
  contact_id bigint NOT NULL REFERENCES bench_bare_contact, due_on date NOT NULL,
    balance_due_minor bigint NOT NULL);
INSERT INTO bench_bare_invoice
  SELECT g, 1000 + g, 1 + (g * 7919) % {BARE_ROWS}, '2026-01-01'::date + (g % 1000)::int, 100 + g
    FROM generate_series(1, {BARE_ROWS}) g;
CREATE INDEX ON bench_bare_invoice (due_on, id) WHERE balance_due_minor > 0;
CREATE INDEX ON bench_bare_invoice (contact_id);
ANALYZE bench_bare_contact; ANALYZE bench_bare_invoice
"""
_TYPED = (
    "ma",
    "mar",
    "mart",
    "marta k",
    "keller",
    "ana.petrov",
    "okaf",
    "lindq",
    "zoe web",
    "1042",
    "inv-2077",
    "silva",
)


@dataclass(frozen=True)
class PageCost:
    """What a page costs the database."""

    queries: int
    slowest_ms: float


def create_bare_tables(rows: psycopg.Connection) -> None:
    """The table of the bare page."""
    for statement in _BARE_TABLES.split(";"):
        rows.execute(statement)


def addresses(scene: Scene) -> dict[str, Iterator[str]]:
    """For each page its addresses in turn: other contacts and other texts each time."""
    return {
        "payment form": (f"/contacts/{scene.any().contact_id}/payments/new/" for _ in itertools.count()),
        "contact search": (f"/search/?q={text.replace(' ', '+')}" for text in itertools.cycle(_TYPED)),
        "order list": itertools.repeat("/orders/"),
        "contact's Order tab": (f"/contacts/{scene.any().contact_id}/orders/" for _ in itertools.count()),
        "dashboard": itertools.repeat("/"),
    }


def requests_of(paths: Iterator[str], cookies: str) -> Callable[[], bytes]:
    """The request for the next address; the search as htmx sends it while someone types."""

    def request() -> bytes:
        path = next(paths)
        return get(path, cookies=cookies, headers="HX-Request: true\r\n" if "search" in path else "")

    return request


def costs(client: Client, pages: Mapping[str, Iterator[str]], *, times: int) -> dict[str, PageCost]:
    """Ask for each page some times in this process and watch its statements."""
    result = {}
    for name, paths in pages.items():
        counts = []
        slowest = []
        for _ in range(times):
            spent: list[float] = []
            with connection.execute_wrapper(_Watch(spent)):
                answer = client.get(next(paths), headers={"HX-Request": "true"} if "search" in name else {})
            if answer.status_code != 200:
                raise AssertionError(f"{name} answered {answer.status_code}")
            counts.append(len(spent))
            slowest.append(max(spent, default=0.0))
        # The first times compile templates and plan statements.
        result[name] = PageCost(max(counts[2:]), sorted(slowest)[len(slowest) // 2])
    return result


def median_ms(client: Client, path: str, *, times: int) -> float:
    """How long the page takes in this process; the first times compile templates and plan statements."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        client.get(path)
        took.append(1000 * (time.perf_counter() - started))
    return sorted(took[2:])[len(took[2:]) // 2]


class _Watch:
    """Notes how long each statement of a page takes."""

    def __init__(self, spent_ms: list[float]) -> None:
        self._spent_ms = spent_ms

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self._spent_ms.append(1000 * (time.perf_counter() - started))
