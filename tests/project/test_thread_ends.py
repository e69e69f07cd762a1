"""A thread of the web server leaves no connection behind in PostgreSQL."""

import gc
import threading
from collections.abc import Iterator
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
from django.db import connection

from duebook.project.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As on a server with little to do, where Python's collector seldom comes to what has lived long."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def get_healthz() -> list[bytes]:
    environ: dict[str, str] = {"PATH_INFO": "/healthz", "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    return list(application(environ, lambda status, headers, error=None: lambda data: None))


@pytest.mark.usefixtures("no_collector")
def test_a_thread_that_ends_closes_its_connection() -> None:
    opened: list[psycopg.Connection] = []

    def serve() -> None:
        assert get_healthz()
        assert connection.connection is not None
        assert not connection.connection.closed
        opened.append(connection.connection)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()

    assert [one.closed for one in opened] == [True]
