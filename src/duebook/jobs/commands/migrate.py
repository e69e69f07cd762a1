"""`duebook migrate`"""

import argparse

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    add_command(
        subparsers,
        "migrate",
        run,
        summary="Bring the tables of the database up to this version.",
        text="Bring the tables of the database up to this version. `duebook serve` does it at each start.",
    )


def run(options: argparse.Namespace) -> int:
    """Migrate the database."""
    setup_django()
    from duebook.jobs.schema import migrate

    migrate(verbosity=1)
    return 0
