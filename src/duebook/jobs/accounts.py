"""The system account under which the embedded database runs.

PostgreSQL refuses to run as root. Where Duebook runs as root, as in containers, the database runs as an
unprivileged account that exists already, and only folders made for it belong to it.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

CANDIDATES = ("postgres", "nobody")


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that say as whom a program runs."""

    user: int
    group: int
    extra_groups: list[int]
    umask: int


@dataclass(frozen=True)
class Account:
    """A system account, by name and numbers."""

    name: str
    user_id: int
    group_id: int


def database_account(*, owner_of: Path | None = None) -> Account | None:
    """The account to run the database as, None to run it as ourselves.

    Existing data keeps the account that owns it, unless that is root.
    """
    if os.geteuid() != 0:
        return None
    if owner_of is not None and (owner := owner_of.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("nobody", 65534, 65534)


def own_name() -> str:
    """The name of the account that this process runs as."""
    return _name(os.geteuid())


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


def can_use(account: Account | None, folder: Path) -> bool:
    """Whether the account can write in an existing folder, all the way down to it."""
    return run_as(account, ["/bin/sh", "-c", 'test -w "$1" && test -x "$1"', "sh", str(folder)]) == 0


def can_run(account: Account | None, program: Path) -> bool:
    """Whether the account can execute a program that answers to --version."""
    return run_as(account, ["/bin/sh", "-c", '"$1" --version', "sh", str(program)]) == 0


def run_as(account: Account | None, argv: list[str]) -> int:
    """Run a short program quietly as the account and return its exit code."""
    return subprocess.run(
        argv, cwd="/", capture_output=True, check=False, timeout=60, **identity(account)
    ).returncode


def identity(account: Account | None) -> Identity:
    """Run as the account, and without our own groups."""
    if account is None:
        return {}
    return {"user": account.user_id, "group": account.group_id, "extra_groups": [], "umask": 0o077}


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of a file or folder that was made for it."""
    if account is not None:
        os.chown(path, account.user_id, account.group_id)
