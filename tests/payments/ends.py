"""How a process may end at a point of a protocol: by an exception that nobody handles, or cut off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import DatabaseError, connection
from procrastinate.exceptions import ConnectorException

from duebook.payments.points import Point, at_each_point

EXCEPTION, CUT_OFF = "an exception", "its connection cut"
WAYS = (EXCEPTION, CUT_OFF)


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def ending_at(point: Point | None, way: str) -> Iterator[None]:
    """What runs in this block ends at the point, the first time that it comes there."""
    with at_each_point(_once(point, way)):
        try:
            yield
        except Killed:
            pass
        except (DatabaseError, ConnectorException):
            if way != CUT_OFF:
                raise
        finally:
            connection.close()


@contextmanager
def ended_at(point: Point) -> Iterator[None]:
    """What runs in this block comes to the point, and an exception ends it there."""
    with at_each_point(_once(point, EXCEPTION)), pytest.raises(Killed):
        yield


def _once(point: Point | None, way: str) -> Callable[[Point], None]:
    ended = False

    def at(reached: Point) -> None:
        nonlocal ended
        if reached is not point or ended:
            return
        ended = True
        if way == EXCEPTION:
            raise Killed
        terminate_own_connection()

    return at


def terminate_own_connection() -> None:
    """As an administrator or a broken network does: the next statement fails."""
    connection.ensure_connection()
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    parameters = connection.get_connection_params()
    with psycopg.connect(
        **{name: parameters[name] for name in ("dbname", "user", "host", "port") if parameters.get(name)}
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
