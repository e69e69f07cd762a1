"""Batch after batch, each in a transaction of its own; while one is written, the next is decided."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import DataError, IntegrityError, connection, transaction

from duebook.domain.errors import ImportRunning
from duebook.imports.order_batch import BatchOutcome, BatchTerms, OrderBatch
from duebook.imports.order_reading import KeyedOrder, ReadBatch
from duebook.imports.refusals import Refusal
from duebook.payments.services.record_payment import RefusedByDatabase

_LOCK_KEY = "hashtextextended('duebook import ' || current_schema(), 0)"
_LOCK = f"SELECT pg_try_advisory_lock({_LOCK_KEY})"
_UNLOCK = f"SELECT pg_advisory_unlock({_LOCK_KEY})"

Done = tuple[ReadBatch, list[BatchOutcome]]


@contextmanager
def one_import_at_a_time() -> Iterator[None]:
    """Two files that name a new contact must not both add it. Raises ImportRunning."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            raise ImportRunning
    try:
        yield
    finally:
        # A failed transaction around the import takes no statement; the lock then ends with the connection.
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(_UNLOCK)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads change places ten times as often: one that comes back from the database waits its turn."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def import_batches(batches: Iterable[ReadBatch], terms: BatchTerms) -> Iterator[Done]:
    """Import the orders of each batch that are not there yet, and say what became of them."""
    with short_turns(), ThreadPoolExecutor(1, thread_name_prefix="decide") as beside:
        current: tuple[ReadBatch, OrderBatch] | None = None
        for read in batches:
            following = OrderBatch(read.orders, terms)
            if current is None:
                following.read()
                following.decide()
            else:
                outcomes, following = _write(current[1], following, terms, beside)
                yield current[0], outcomes
            current = (read, following)
        if current is not None:
            yield current[0], _write_alone(current[1], terms)


def _write(
    batch: OrderBatch, following: OrderBatch, terms: BatchTerms, beside: ThreadPoolExecutor
) -> tuple[list[BatchOutcome], OrderBatch]:
    """Write the batch while the following one is decided; returns that one, decided anew if it must be."""
    deciding: Future[None] | None = None
    try:
        with transaction.atomic():
            following.read(after=batch.outcome)
            deciding = beside.submit(following.decide)
            batch.write()
        return [batch.outcome], following
    except (IntegrityError, DataError):
        outcomes = _in_parts(batch.orders, terms)
    finally:
        if deciding is not None:
            deciding.result()
    # It was decided on what the refused batch would have added.
    again = OrderBatch(following.orders, terms)
    again.read()
    again.decide()
    return outcomes, again


def _write_alone(batch: OrderBatch, terms: BatchTerms) -> list[BatchOutcome]:
    try:
        with transaction.atomic():
            batch.write()
        return [batch.outcome]
    except (IntegrityError, DataError):
        return _in_parts(batch.orders, terms)


def _in_parts(orders: Sequence[KeyedOrder], terms: BatchTerms) -> list[BatchOutcome]:
    """Import what the database has refused in halves, so that one order takes no other along."""
    if len(orders) == 1:
        order = orders[0].order
        return [BatchOutcome(refusals=[Refusal(order.line, RefusedByDatabase(), order.rows)])]
    middle = len(orders) // 2
    outcomes = []
    for half in (orders[:middle], orders[middle:]):
        batch = OrderBatch(half, terms)
        batch.read()
        batch.decide()
        outcomes += _write_alone(batch, terms)
    return outcomes
