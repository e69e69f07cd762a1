"""The subcommands of `duebook`. Each module has `add_to`, which declares it, and `run`."""

import argparse
from collections.abc import Callable
from typing import Protocol

Run = Callable[[argparse.Namespace], int]


class Subparsers(Protocol):
    """The place where subcommands are declared; argparse keeps its own name for it private."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002
        """Declare one."""


def add_command(
    subparsers: Subparsers, name: str, run: Run, *, summary: str, text: str = ""
) -> argparse.ArgumentParser:
    """Declare a subcommand with its help."""
    parser = subparsers.add_parser(name, help=summary, description=text or summary)
    parser.set_defaults(run=run)
    return parser
