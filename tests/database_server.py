"""The PostgreSQL server of a test run: embedded, fast rather than durable, gone when the run is over.

It is tied to this process by the kernel, so not even a killed run leaves it behind. With DATABASE_URL set,
that server is used instead.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duebook.jobs import embedded_postgres, programs

PREFIX = "duebook-tests-"
YOUNG_SECONDS = 60
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "150"}


@contextmanager
def database_server() -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    remove_left_over()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)
    try:
        server = embedded_postgres.prepare(folder / "postgres", settings=FAST, log=folder / "log")
        process = programs.start(server.program)
        try:
            embedded_postgres.wait_until_ready(server, process)
            yield server.url
        finally:
            programs.stop(server.program, process)
            server.discard()
            # Another run that begins now may be removing the same, as the lock is given up.
            shutil.rmtree(server.data.parent, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_over() -> None:
    """Remove the folders of runs that were killed: those whose server no longer holds its lock."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/postgres/lock"):
        with suppress(OSError), lock.open() as file:
            if time.time() - lock.stat().st_mtime < YOUNG_SECONDS:
                # A run that begins just now has not taken its lock yet.
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree((lock.parent / "socket-folder").read_text(), ignore_errors=True)
            shutil.rmtree(lock.parent.parent)
