"""`duebook sandbox-gateway`"""

import argparse
import re
import signal
import sqlite3
from contextlib import suppress
from pathlib import Path

from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.failure import CommandFailed

SECRET = "sk_sandbox"  # noqa: S105 - it opens play money


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "sandbox-gateway",
        run,
        summary="Run the sandbox: a simulated card processor that moves no money.",
        text="Run the sandbox, a simulated card processor that moves no money and takes test cards only, "
        "until stopped. Its book is a file of its own; the same file again continues it.",
    )
    parser.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS", help="listen here (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=8100, help="listen on this port, 0 for a free one (default: 8100)"
    )
    parser.add_argument(
        "--book",
        type=Path,
        default=Path("sandbox-gateway.sqlite3"),
        metavar="FILE",
        help="the book (default: sandbox-gateway.sqlite3)",
    )
    parser.add_argument("--secret", default=SECRET, help=f"the account's secret (default: {SECRET})")
    parser.add_argument(
        "--currencies", metavar="LIST", help="the only currencies of the account, such as USD,EUR"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a stop signal arrives."""
    from duebook.gateways.sandbox.processor.processor import CURRENCIES, Processor
    from duebook.gateways.sandbox.processor.server import Server

    currencies = frozenset(re.findall("[A-Z]{3}", options.currencies)) if options.currencies else CURRENCIES
    if not options.secret:
        raise CommandFailed("An account without a secret is open to everybody: give one with --secret.")
    try:
        processor = Processor(book=options.book, secret=options.secret, currencies=currencies)
    except sqlite3.Error as error:
        raise CommandFailed(f"{options.book} cannot be used as a book: {error}.") from error
    try:
        server = Server(processor, bind=options.bind, port=options.port)
    except OSError as error:
        raise CommandFailed(f"Port {options.port} cannot be used: {error.strerror}.") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"The sandbox gateway is ready at {server.url}", flush=True)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0
