"""DUEBOOK_HOME, the folder of this installation: its keys, its logs and, unless DATABASE_URL says
otherwise, its books.

Everything secret in it is readable by its owner only.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

DATABASE_URL_FILE = "database-url"
SECRET_KEY_FILE = "secret-key"
DEMO_PASSWORD_FILE = "demo-password"


def home() -> Path:
    """The absolute path of DUEBOOK_HOME, by default `var` in the current folder. It may not exist yet."""
    return Path(os.environ.get("DUEBOOK_HOME") or "var").resolve()


def make_home() -> Path:
    """Create DUEBOOK_HOME where it is missing and return it.

    Others may pass through it but see nothing of it: the account of the database has its folder below.
    """
    folder = home()
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
    return folder


def read_file(name: str) -> str | None:
    """The stripped content of a file in DUEBOOK_HOME, None where there is no such file."""
    try:
        return (home() / name).read_text().strip() or None
    except FileNotFoundError:
        return None


def write_private_file(name: str, content: str) -> None:
    """Replace a file in DUEBOOK_HOME whole, readable by its owner only."""
    path = make_home() / name
    draft = path.with_name(f".{name}.{secrets.token_hex(8)}")
    _create_private(draft, content)
    draft.replace(path)


def read_or_create_secret(name: str, create: Callable[[], str]) -> str:
    """The secret kept in a file of DUEBOOK_HOME, made and stored at the first call.

    Of several processes that ask at once all get the same one.
    """
    if (found := read_file(name)) is not None:
        return found
    path = make_home() / name
    draft = path.with_name(f".{name}.{secrets.token_hex(8)}")
    _create_private(draft, create())
    try:
        # A hard link appears whole or not at all and, unlike rename, refuses to replace.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def embedded_database_url() -> str | None:
    """Where the database that `duebook serve` started answers, None while no server runs."""
    return read_file(DATABASE_URL_FILE)


def _create_private(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
