"""The web server: which address it takes, how it is run, when it can serve."""

import errno
import http.client
import socket
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from duebook.jobs.failure import CommandFailed
from duebook.jobs.programs import Program

APPLICATION = "duebook.project.wsgi:application"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
READY_SECONDS = 60
LONGEST_REQUEST_SECONDS = 30
THREADS = 16
"""Of each process: while some of them wait for a card processor, the others serve."""
_OTHERS = 20
"""Connections besides: the worker's, those of commands, of people, and what PostgreSQL keeps for itself."""


def web_program(*, bind: str, port: int, workers: int, log: Path | None) -> Program:
    """Granian, serving by WSGI: a fixed number of threads, each with one database connection."""
    return Program(
        name="web server",
        argv=[
            *(sys.executable, "-m", "duebook.jobs.web_process", APPLICATION, "--interface", "wsgi"),
            *("--host", bind, "--port", str(port), "--no-ws", "--access-log"),
            *("--workers", str(workers), "--blocking-threads", str(THREADS), "--respawn-failed-workers"),
            *("--workers-kill-timeout", str(LONGEST_REQUEST_SECONDS)),
        ],
        stop_seconds=LONGEST_REQUEST_SECONDS + 5,
        log=log,
    )


def database_connections(*, workers: int) -> int:
    """How many the database has to take when each thread has its own."""
    return workers * THREADS + _OTHERS


def refuse_occupied_port(bind: str, port: int, *, wait_seconds: float) -> None:
    """Raise CommandFailed when another program listens on the port, on any of the names people type.

    Waits a moment for one that is just ending.
    """
    deadline = time.monotonic() + wait_seconds
    while (taken := _taken(bind, port)) is not None:
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"Another program listens on {taken} port {port}. Stop it, or take another: PORT={port + 1}"
            )
        time.sleep(0.1)


def _taken(bind: str, port: int) -> str | None:
    # A program on ::1 would get what a browser sends to localhost.
    for host in {bind, "127.0.0.1", "::1"} if bind in LOOPBACK else {bind}:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except PermissionError as error:
                raise CommandFailed(
                    f"Port {port} needs rights that you lack. Choose one above 1023."
                ) from error
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return host
    return None


def wait_until_healthy(
    *, program: Program, bind: str, port: int, host_name: str, look_after: Callable[[], None]
) -> None:
    """Wait until the server answers that it can serve; `look_after` is called meanwhile.

    Raises CommandFailed after a minute.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not _healthy(bind, port, host_name):
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"The web server did not become ready within {READY_SECONDS} s. {program.last_words()}"
            )
        look_after()
        time.sleep(0.05)


def _healthy(bind: str, port: int, host_name: str) -> bool:
    connection = http.client.HTTPConnection(bind, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host_name})
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
