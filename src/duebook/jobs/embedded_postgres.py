"""A PostgreSQL server of our own, in a folder of our own.

At most one server ever runs on a folder: a lock is held by whoever prepares it and inherited by the server,
so the next one waits until the last is really gone. It listens only on a socket in a folder that nobody
else can enter, and lets in only the account that started it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg

from duebook.jobs.accounts import Account, can_use, database_account, give, identity, own_name
from duebook.jobs.failure import CommandFailed
from duebook.jobs.postgres_binaries import programs_for
from duebook.jobs.programs import Program

DATABASE = "duebook"
ROLE = "duebook"
PORT = 5432
MAJOR_VERSION = "18"
# A socket's whole path may have 107 bytes.
LONGEST_SOCKET_FOLDER = 80
# For an account that cannot reach DUEBOOK_HOME. Readable by all, as the programs in it must be.
SYSTEM_FOLDER = Path("/var/lib/duebook")
LOCK_SECONDS = 60
START_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """A server that is ready to be started: its program, its address, where its data is."""

    program: Program
    url: str
    data: Path
    socket_folder: Path
    lock: int

    def discard(self) -> None:
        """Remove the socket's folder and give up the lock, once the server has stopped."""
        shutil.rmtree(self.socket_folder, ignore_errors=True)
        with suppress(OSError):
            os.close(self.lock)


def prepare(
    folder: Path, *, settings: Mapping[str, str] | None = None, log: Path | None = None
) -> EmbeddedPostgres:
    """Make ready a server on a folder, creating its data at first; `settings` are PostgreSQL's own.

    Raises CommandFailed when another server holds the folder, or its data is of another version.
    """
    folder, account = _place(folder)
    lock = _lock(folder / "lock")
    programs = programs_for(account, shared_folder=SYSTEM_FOLDER)
    data = folder / "data"
    if not data.exists():
        _create_data(programs, data, account)
    _check_version(data)
    _write_access_rules(data)
    _remove_stale_pid(data)
    socket_folder = _make_socket_folder(account, record=folder / "socket-folder")
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_folder),
        "port": str(PORT),
        **(settings or {}),
    }
    return EmbeddedPostgres(
        program=Program(
            name="database",
            argv=[
                *(str(programs / "postgres"), "-D", str(data)),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            env=_clean_environment(),
            cwd=Path("/"),
            account=account,
            kept_files=(lock,),
            # SIGINT ends it at once and cleanly, without waiting for clients to leave.
            stop_signal=signal.SIGINT,
            stop_seconds=60,
            log=log,
        ),
        url=f"postgresql://{ROLE}@{quote(str(socket_folder), safe='')}:{PORT}/{DATABASE}",
        data=data,
        socket_folder=socket_folder,
        lock=lock,
    )


def wait_until_ready(server: EmbeddedPostgres, process: subprocess.Popen[bytes]) -> None:
    """Wait for the started server, however long its recovery after a crash takes, and create the database.

    Raises CommandFailed when it ends instead.
    """
    maintenance = server.url.removesuffix(DATABASE) + "postgres"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(maintenance, autocommit=True) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                return
        except psycopg.OperationalError as error:
            if process.poll() is not None:
                raise CommandFailed(f"The database did not start. {server.program.last_words()}") from error
            if time.monotonic() > deadline:
                raise CommandFailed(f"The database does not answer: {error}") from error
        time.sleep(0.02)


def _place(folder: Path) -> tuple[Path, Account | None]:
    """The folder to use and the account to use it as.

    Data that exists is never left aside for an empty start elsewhere, wherever it is.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    substitute = SYSTEM_FOLDER / f"{folder.parent.name}-{sha256(str(folder).encode()).hexdigest()[:8]}"
    if (folder / "data").exists():
        account = database_account(owner_of=folder / "data")
        if not can_use(account, folder / "data"):
            raise CommandFailed(f"The account of the database cannot reach its data in {folder / 'data'}.")
        return folder, account
    if (substitute / "data").exists():
        return substitute, database_account(owner_of=substitute / "data")
    account = database_account()
    give(account, folder)
    if can_use(account, folder):
        return folder, account
    SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    substitute.mkdir(mode=0o700, exist_ok=True)
    give(account, substitute)
    if not can_use(account, substitute):
        raise CommandFailed(
            f"The account of the database can reach neither {folder} nor {substitute}. "
            "Set DUEBOOK_HOME to a folder that it can reach, or run Duebook as another user than root."
        )
    return substitute, account


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise CommandFailed(f"Another database server still runs on {path.parent}.") from error
            time.sleep(0.05)


def _create_data(programs: Path, data: Path, account: Account | None) -> None:
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    give(account, draft)
    command = [
        *(str(programs / "initdb"), "-D", str(draft), f"--username={ROLE}"),
        *("--auth-local=peer", "--auth-host=reject", "--encoding=UTF8"),
        # Builtin C.UTF-8 folds case in all languages and, unlike the system's, never changes its order.
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        *("--set", "shared_buffers=64MB", "--set", "max_connections=40", "--set", "listen_addresses="),
        *("--set", "timezone=UTC", "--set", "log_timezone=UTC"),
    ]
    done = subprocess.run(
        command,
        cwd="/",
        env=_clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        **identity(account),
    )
    if done.returncode != 0:
        raise CommandFailed(f"The database could not be created in {data}. {done.stderr.strip()}")
    # The name appears only once everything is in place, so an interrupted creation is simply done again.
    draft.rename(data)


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != MAJOR_VERSION:
        raise CommandFailed(
            f"The data in {data} was made by PostgreSQL {version}; this Duebook comes with {MAJOR_VERSION}. "
            "Export it with the older Duebook (pg_dump) and load it into a new one."
        )


def _write_access_rules(data: Path) -> None:
    (data / "pg_hba.conf").write_text(f"local all {ROLE} peer map=duebook\n")
    (data / "pg_ident.conf").write_text(f'duebook "{own_name()}" {ROLE}\n')


def _remove_stale_pid(data: Path) -> None:
    """Remove a pid file left by a crash when its number now belongs to some other program.

    PostgreSQL itself would take that program for a running server and refuse to start.
    """
    path = data / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError):
        pid = int(path.read_text().split("\n", 1)[0])
        if not _works_in(pid, data):
            path.unlink()


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False


def _make_socket_folder(account: Account | None, *, record: Path) -> Path:
    with suppress(FileNotFoundError):
        # Left over when the last server could not be stopped in order.
        shutil.rmtree(record.read_text(), ignore_errors=True)
    base = tempfile.gettempdir()
    if len(base) > LONGEST_SOCKET_FOLDER or not can_use(account, Path(base)):
        base = "/tmp"  # noqa: S108 - mkdtemp makes an unguessable folder that only its owner can enter
    folder = Path(tempfile.mkdtemp(prefix="duebook-", dir=base))
    give(account, folder)
    record.write_text(str(folder))
    return folder


def _clean_environment() -> dict[str, str]:
    """Nothing of ours, so that no PG variable or uninstalled locale changes what the server does."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
