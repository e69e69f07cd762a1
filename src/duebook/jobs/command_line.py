"""The `duebook` command: one module in `commands/` for each subcommand.

A command returns its exit code. What a person can mend is said in one sentence, without a traceback.
"""

import argparse
import sys

from duebook import __version__
from duebook.domain.errors import DomainError
from duebook.jobs.commands import (
    createuser,
    demo,
    import_orders,
    migrate,
    sandbox_gateway,
    serve,
    verify,
    worker,
)
from duebook.jobs.failure import CommandFailed

COMMANDS = (serve, worker, migrate, demo, import_orders, verify, createuser, sandbox_gateway)
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="duebook",
        description="The open back office for getting orders paid.",
        epilog="DUEBOOK_HOME (default ./var) is the folder of the installation; DATABASE_URL, where set, "
        "is used instead of the database in it.",
    )
    top.add_argument("--version", action="version", version=f"Duebook {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(subparsers)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (CommandFailed, DomainError) as error:
        print(f"duebook: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
