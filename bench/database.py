"""The benchmark's own PostgreSQL, durable as in production, and the databases on it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from duebook.jobs import embedded_postgres, programs
from duebook.jobs.postgres_binaries import programs_for

# More memory and fewer checkpoints than a small installation has, the same for Duebook and for the floors.
# Nothing of this weakens durability.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_connections": "150",
    "maintenance_work_mem": "256MB",
}


@dataclass(frozen=True)
class Server:
    """A running server; databases are named by their addresses."""

    url: str

    def url_of(self, name: str) -> str:
        return self.url.rsplit("/", 1)[0] + f"/{name}"

    def connect(self, name: str) -> psycopg.Connection:
        """A connection that prepares every statement at once and commits each by itself."""
        connection = psycopg.connect(self.url_of(name), autocommit=True)
        connection.prepare_threshold = 0
        return connection

    def has(self, name: str) -> bool:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None

    def create(self, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')

    def pgbench(self, name: str, script: Path, *, clients: int, seconds: float) -> float:
        """Transactions a second of a script, by PostgreSQL's own load program."""
        address = urlsplit(self.url_of(name))
        program = programs_for(None, shared_folder=embedded_postgres.SYSTEM_FOLDER) / "pgbench"
        output = subprocess.run(
            [
                *(str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", "2"),
                *("-T", str(max(1, round(seconds))), "-f", str(script)),
                *(
                    "-h",
                    unquote(address.hostname or ""),
                    "-p",
                    str(address.port),
                    "-U",
                    str(address.username),
                ),
                name,
            ],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PGOPTIONS": ""},
        ).stdout
        line = next(line for line in output.splitlines() if line.startswith("tps"))
        return float(line.split("=")[1].split()[0])


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Start PostgreSQL on the folder, which keeps the databases for the next run."""
    server = embedded_postgres.prepare(folder / "postgres", settings=SETTINGS, log=folder / "postgres.log")
    process = programs.start(server.program)
    try:
        embedded_postgres.wait_until_ready(server, process)
        yield Server(server.url)
    finally:
        programs.stop(server.program, process)
        server.discard()
