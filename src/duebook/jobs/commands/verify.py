"""`duebook verify`"""

import argparse
from itertools import count

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django
from duebook.jobs.progress import progress


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    add_command(
        subparsers,
        "verify",
        run,
        summary="Recompute the books and print what differs.",
        text="Recompute every balance and counter from its rows and print what differs. "
        "Changes nothing. Exits with 1 when something differs.",
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings, one a line."""
    setup_django()
    from duebook.reports.services.verify_books import CHECKS, verify_books

    begun = count()
    with progress("Verifying the books") as on_progress:
        findings = verify_books(on_check=lambda _: on_progress(next(begun), len(CHECKS)))
    for finding in findings:
        print(finding)
    print("The books are in order." if not findings else f"{len(findings)} findings.")
    return 1 if findings else 0
