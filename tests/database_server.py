"""The PostgreSQL server of a test run: embedded, fast rather than durable, gone when the run is over.

It is tied to this process by the kernel, so not even a killed run leaves it behind. With DATABASE_URL set,
that server is used instead.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duebook.jobs import embedded_postgres, programs

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "150"}


@contextmanager
def database_server() -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="duebook-tests-"))
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
            shutil.rmtree(server.data.parent)
    finally:
        shutil.rmtree(folder)
