"""`duebook verify`"""

import argparse
from itertools import count

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django
from duebook.jobs.progress import progress


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "verify",
        run,
        summary="Recompute the books and print what differs.",
        text="Recompute every balance and counter from its rows and print what differs. "
        "Changes nothing. Exits with 1 when something differs.",
    )
    parser.add_argument(
        "--gateway",
        action="store_true",
        help="also ask the card processors, and compare charges, refunds, settlements and card clearing "
        "with theirs; a processor that does not answer differs",
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings, one a line."""
    setup_django()
    from django.utils import timezone

    from duebook.reports.services.verify_books import CHECKS, verify_books
    from duebook.reports.services.verify_gateways import verify_gateways

    begun = count()
    with progress("Verifying the books") as on_progress:
        findings = verify_books(on_check=lambda _: on_progress(next(begun), len(CHECKS)))
    if options.gateway:
        findings += verify_gateways(now=timezone.now())
    for finding in findings:
        print(finding)
    print("The books are in order." if not findings else f"{len(findings)} findings.")
    return 1 if findings else 0
