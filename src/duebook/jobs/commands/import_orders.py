"""`duebook import orders`"""

import argparse
from pathlib import Path

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django
from duebook.jobs.failure import CommandFailed
from duebook.jobs.progress import progress

COLUMNS = (
    "customer_id, customer_name, customer_email, order_number, order_date, due_date, title, item, quantity, "
    "unit_price, amount, currency, paid, paid_on, payment_type, "
    "lead_partner, sale_partner (codes of referral partners; else those who referred the customer)"
)


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    kinds = subparsers.add_parser(
        "import", help="Read orders from a file.", description="Read data from a file."
    )
    parser = add_command(
        kinds.add_subparsers(title="what to import", metavar="KIND", required=True),
        "orders",
        run,
        summary="Read a CSV file of orders, with their contacts, products, invoices and payments.",
        text="Read a CSV file of orders, creating contacts, products, orders, invoices and, where given, "
        "payments. Rows with one order number are items of one order. Reading a file again adds nothing "
        f"twice. A bad row is reported with its line and the rest goes in. Known columns: {COLUMNS}.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the CSV file, with a header line")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=HEADER",
        help="the file's header for a known column, such as order_date=Date; may be given several times",
    )
    parser.add_argument("--currency", help="the currency of all rows, such as USD")
    parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")


def run(options: argparse.Namespace) -> int:
    """Import, print what happened, and exit with 1 when a row was refused or the books are not in order."""
    columns = dict(_pair(text) for text in options.map)
    if not options.file.is_file():
        raise CommandFailed(f"There is no file {options.file}.")
    setup_django()
    from duebook.domain.errors import DomainError
    from duebook.imports.order_batch import Writing
    from duebook.imports.refusals import in_words
    from duebook.imports.services.import_orders import import_orders

    try:
        with progress("Importing orders") as on_progress:
            report = import_orders(
                path=options.file,
                columns=columns,
                currency=options.currency,
                writing=Writing.DRY_RUN if options.dry_run else Writing.WRITE,
                on_progress=on_progress,
                on_refusal=print,
            )
    except DomainError as error:
        raise CommandFailed(in_words(error)) from error
    print(report)
    return 0 if report.is_clean else 1


def _pair(text: str) -> tuple[str, str]:
    column, sign, header = text.partition("=")
    if not (column and sign and header):
        raise CommandFailed(f"--map takes COLUMN=HEADER, not {text!r}.")
    return column, header
