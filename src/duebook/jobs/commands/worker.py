"""`duebook worker`"""

import argparse

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django

# Longer than any job should take; the supervisor kills a worker a little later.
GRACE_SECONDS = 20


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "worker",
        run,
        summary="Run the jobs in the background (part of `serve`).",
        text="Run the jobs in the background until stopped. `duebook serve` starts one by itself; "
        "any number may run besides.",
    )
    parser.add_argument("--concurrency", type=int, default=2, help="jobs at the same time (default: 2)")


def run(options: argparse.Namespace) -> int:
    """Work until a stop signal arrives."""
    setup_django()
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    connector = app.connector
    if not isinstance(connector, DjangoConnector):
        raise TypeError(connector)
    with app.replace_connector(connector.get_worker_connector()) as working_app:
        working_app.run_worker(concurrency=options.concurrency, shutdown_graceful_timeout=GRACE_SECONDS)
    return 0
