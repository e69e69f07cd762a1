"""Working ahead in a second thread: nothing is lost, errors arrive, and the thread ends."""

import threading
from collections.abc import Generator
from contextlib import closing

import pytest

from duebook.imports.ahead import ahead


def numbers(count: int) -> Generator[int, None, None]:
    yield from range(count)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "ahead"]


def test_everything_arrives_in_order() -> None:
    assert list(ahead(lambda: numbers(1000), most=2)) == list(range(1000))
    assert threads() == []


def test_an_error_arrives_after_what_came_before_it() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise ValueError("broken")

    items = ahead(failing, most=2)

    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_closing_early_ends_the_thread_and_closes_what_it_reads() -> None:
    closed = threading.Event()

    def endless() -> Generator[int, None, None]:
        try:
            yield from iter(int, 1)
        finally:
            closed.set()

    with closing(ahead(endless, most=2)) as items:
        assert next(items) == 0

    assert closed.is_set()
    assert threads() == []
