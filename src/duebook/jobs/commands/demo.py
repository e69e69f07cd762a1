"""`duebook demo`"""

import argparse

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django
from duebook.jobs.failure import CommandFailed


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    add_command(
        subparsers,
        "demo",
        run,
        summary="Load the demo business into an empty database.",
        text="Load the demo business into an empty database and print its login. "
        "DUEBOOK_DEMO_PASSWORD sets the password of owner@example.com.",
    )


def run(options: argparse.Namespace) -> int:
    """Load the demo, or say why not."""
    setup_django()
    from duebook.jobs.demo import load_demo_once

    login = load_demo_once()
    if login is None:
        raise CommandFailed("This database has users of its own; the demo goes only into an empty one.")
    print(login)
    return 0
