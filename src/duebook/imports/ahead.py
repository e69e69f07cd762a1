"""Work done a little ahead, in a second thread, while the first waits for the database."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from queue import Full, Queue
from typing import TypeVar

from django.db import connections

Item = TypeVar("Item")
_LOOK_SECONDS = 0.1


class _End:
    """The producer is done, well or with the error that ended it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(produce: Callable[[], Generator[Item, None, None]], *, most: int) -> Generator[Item, None, None]:
    """Iterate over what ``produce`` makes in a thread of its own, with at most ``most`` items waiting.

    The thread has its own database connection. An error in it is raised here; closing this iterator ends it.
    """
    queue: Queue[Item | _End] = Queue(maxsize=most)
    stopped = threading.Event()
    thread = threading.Thread(target=_run, args=(produce, queue, stopped), name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def _run(
    produce: Callable[[], Generator[Item, None, None]], queue: "Queue[Item | _End]", stopped: threading.Event
) -> None:
    end = _End()
    try:
        with closing(produce()) as items:
            for item in items:
                if not _put(queue, item, stopped):
                    return
    except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits for the items
        end = _End(error)
    finally:
        connections.close_all()
    _put(queue, end, stopped)


def _put(queue: "Queue[Item | _End]", item: Item | _End, stopped: threading.Event) -> bool:
    """Wait for room; False when nobody wants the item any more."""
    while not stopped.is_set():
        try:
            queue.put(item, timeout=_LOOK_SECONDS)
        except Full:
            continue
        return True
    return False
