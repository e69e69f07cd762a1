"""`duebook serve`: the whole of Duebook in one command."""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from duebook.jobs import embedded_postgres, home
from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.demo_sandbox import free_port, join_demo_sandbox, sandbox_program
from duebook.jobs.django_setup import setup_django
from duebook.jobs.failure import CommandFailed
from duebook.jobs.programs import Program
from duebook.jobs.supervisor import Supervisor
from duebook.jobs.web_server import (
    LOOPBACK,
    database_connections,
    refuse_occupied_port,
    wait_until_healthy,
    web_program,
)

# A run that was killed may need this long until its web server has let go of the port.
PORT_SECONDS = 5
LONGEST_LOG_BYTES = 10_000_000


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "serve",
        run,
        summary="Run everything: database, web server and jobs.",
        text="Run everything until stopped: the database, unless DATABASE_URL names one, the web server "
        "and the worker. Migrates at each start. A part that ends is started again.",
    )
    parser.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS", help="listen here (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("PORT") or 8000),
        help="listen on this port (default: the variable PORT, else 8000)",
    )
    parser.add_argument("--web-workers", type=int, default=2, metavar="N", help="web processes (default: 2)")
    parser.add_argument("--demo", action="store_true", help="load the demo business into an empty database")
    parser.add_argument(
        "--local",
        action="store_true",
        help="for this machine only: without HTTPS, on a loopback address, logs in DUEBOOK_HOME/logs",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a stop signal arrives."""
    _check(options)
    os.umask(0o077)
    os.environ["DUEBOOK_HOME"] = str(home.make_home())
    with ExitStack() as stack:
        stack.enter_context(_only_one())
        clean = home.embedded_database_url() is None
        refuse_occupied_port(options.bind, options.port, wait_seconds=0 if clean else PORT_SECONDS)
        # Unwound from the end: the supervisor stops all programs before the database's socket goes.
        server = None if os.environ.get("DATABASE_URL") else _prepare_database(stack, options)
        supervisor = stack.enter_context(Supervisor(say=_say))
        if server is not None:
            embedded_postgres.wait_until_ready(server, supervisor.start(server.program))
            home.write_private_file(home.DATABASE_URL_FILE, server.url)
        login = _prepare_django(options)
        if login is not None and options.local:
            _start_sandbox(options, supervisor)
        web = _web(options)
        supervisor.start(web)
        supervisor.start(_worker(options))
        _announce(options, supervisor, web, server, login)
        supervisor.run()
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.local:
        if options.bind not in LOOPBACK:
            raise CommandFailed("--local works without HTTPS, so it listens on this machine only: no --bind.")
        os.environ["DUEBOOK_INSECURE_LOOPBACK"] = "1"
    elif not os.environ.get("DUEBOOK_HOSTS"):
        raise CommandFailed(
            "Set DUEBOOK_HOSTS to the names by which Duebook is reached, for example pay.example.com. "
            "For use on this machine only there is --local."
        )


@contextmanager
def _only_one() -> Iterator[None]:
    with (home.home() / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise CommandFailed(
                f"Duebook already runs on {home.home()} (process {file.read().strip()}). "
                "Stop it, or give this one another folder with DUEBOOK_HOME."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _prepare_database(stack: ExitStack, options: argparse.Namespace) -> embedded_postgres.EmbeddedPostgres:
    server = embedded_postgres.prepare(
        home.home() / "postgres",
        settings={"max_connections": str(database_connections(workers=options.web_workers))},
        log=_log(options, "database"),
    )
    stack.callback(server.discard)
    stack.callback((home.home() / home.DATABASE_URL_FILE).unlink, missing_ok=True)
    return server


def _prepare_django(options: argparse.Namespace) -> object | None:
    """Tables, static files and, if asked for, the demo, whose login is returned.

    Before anybody can charge a card, books that were restored are told from others.
    """
    setup_django()
    from django.core.management import call_command
    from django.db import connections

    from duebook.jobs.demo import load_demo_once
    from duebook.jobs.fences import look_after_fences
    from duebook.jobs.schema import migrate

    migrate(verbosity=0)
    look_after_fences()
    call_command("collectstatic", interactive=False, verbosity=0)
    login = load_demo_once() if options.demo else None
    connections.close_all()
    return login


def _start_sandbox(options: argparse.Namespace, supervisor: Supervisor) -> None:
    """The demo's card processor, and its account in Duebook."""
    from django.db import connections

    port = free_port()
    supervisor.start(sandbox_program(port=port, log=_log(options, "sandbox")))
    if problem := join_demo_sandbox(port=port, web_port=options.port, look_after=supervisor.look_after):
        _say(f"The sandbox could not be entered as a merchant account: {problem}")
    connections.close_all()


def _web(options: argparse.Namespace) -> Program:
    return web_program(
        bind=options.bind, port=options.port, workers=options.web_workers, log=_log(options, "web")
    )


def _worker(options: argparse.Namespace) -> Program:
    return Program(
        name="worker",
        argv=[sys.executable, "-m", "duebook.jobs.command_line", "worker"],
        # The database ends with us, and a worker that is asked to stop waits long for one that is gone. What
        # it was doing is rolled back and runs again.
        orphan_signal=signal.SIGKILL,
        stop_seconds=25,
        log=_log(options, "worker"),
    )


def _announce(
    options: argparse.Namespace,
    supervisor: Supervisor,
    web: Program,
    server: embedded_postgres.EmbeddedPostgres | None,
    login: object | None,
) -> None:
    from django.conf import settings

    wait_until_healthy(
        program=web,
        bind=options.bind,
        port=options.port,
        host_name=settings.ALLOWED_HOSTS[0],
        look_after=supervisor.look_after,
    )
    name = "localhost" if options.bind in LOOPBACK else options.bind
    print(f"Duebook is ready at http://{name}:{options.port}", flush=True)
    if login is not None:
        print(login, flush=True)
    if server is not None and home.home() not in server.data.parents:
        print(
            f"The database is kept in {server.data}, as its account cannot reach {home.home()}.", flush=True
        )


def _log(options: argparse.Namespace, name: str) -> Path | None:
    if not options.local:
        # Standard error, for the service manager.
        return None
    path = home.home() / "logs" / f"{name}.log"
    if path.exists() and path.stat().st_size > LONGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def _say(sentence: str) -> None:
    print(f"duebook: {sentence}", file=sys.stderr, flush=True)
