"""The database server of an installation, on its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from duebook.jobs import embedded_postgres, programs
from duebook.jobs.embedded_postgres import EmbeddedPostgres
from duebook.jobs.failure import CommandFailed
from tests.jobs.serving import eventually, new_home


@contextmanager
def running(home: Path) -> Iterator[tuple[EmbeddedPostgres, subprocess.Popen[bytes]]]:
    """A server on a folder until the block ends."""
    server = embedded_postgres.prepare(home / "postgres", log=home / "log")
    process = programs.start(server.program)
    try:
        embedded_postgres.wait_until_ready(server, process)
        yield server, process
    finally:
        programs.stop(server.program, process)
        server.discard()


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as folder:
        yield folder


def test_what_is_written_is_there_after_a_restart(home: Path):
    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT number FROM kept").fetchone()

    assert row == (7,)


def test_text_of_all_languages_is_folded_and_checksums_are_on(home: Path):
    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT lower('ÄÉŻ'), 'ÄRGER' ILIKE 'ärger', current_setting('data_checksums')"
        ).fetchone()

    assert row == ("äéż", True, "on")


def test_nobody_else_can_enter_the_folder_of_the_socket_and_none_is_left(home: Path):
    with running(home) as (server, _):
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)

    assert not server.socket_folder.exists()


def test_only_the_own_account_is_let_in(home: Path):
    with running(home) as (server, _):
        other = server.url.replace("//duebook@", "//postgres@")
        with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
            psycopg.connect(other)

    assert (server.data / "pg_hba.conf").read_text() == "local all duebook peer map=duebook\n"


def test_a_second_server_on_the_folder_waits_and_is_then_refused(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded_postgres, "LOCK_SECONDS", 0.2)
    with running(home) as (server, _):
        with pytest.raises(CommandFailed, match="still runs"):
            embedded_postgres.prepare(home / "postgres")

        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_lock_is_held_until_a_server_whose_parent_was_killed_is_gone(home: Path):
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from duebook.jobs import embedded_postgres, programs\n"
        "server = embedded_postgres.prepare(Path(sys.argv[1]))\n"
        "process = programs.start(server.program)\n"
        "embedded_postgres.wait_until_ready(server, process)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home / "postgres")], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL

    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert "not properly shut down" not in (home / "log").read_text()


def test_a_stale_pid_that_now_belongs_to_another_program_is_no_obstacle(home: Path):
    with running(home) as (server, process):
        process.kill()
        process.wait()
        # A program of the same account, as PostgreSQL would look at no other.
        other = subprocess.Popen(["/bin/sleep", "60"], **programs_identity(server))
    try:
        pid_file = server.data / "postmaster.pid"
        lines = pid_file.read_text().split("\n")
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        time.sleep(0.2)

        with running(home) as (server, _), psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def programs_identity(server: EmbeddedPostgres) -> dict:
    """The arguments that start a program as the account of the server."""
    from duebook.jobs.accounts import identity

    return dict(identity(server.program.account))


def test_data_of_another_version_is_refused_untouched(home: Path):
    with running(home) as (server, _):
        pass
    (server.data / "PG_VERSION").write_text("17\n")

    with pytest.raises(CommandFailed, match="made by PostgreSQL 17"):
        embedded_postgres.prepare(home / "postgres")


def test_a_creation_that_was_cut_short_is_done_again(home: Path):
    draft = home / "postgres/data.new"
    draft.mkdir(parents=True)
    (draft / "half").write_text("a part")

    with running(home) as (server, _):
        assert not (server.data / "half").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another account")
def test_a_folder_that_the_account_cannot_reach_is_stood_in_for(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded_postgres, "SYSTEM_FOLDER", home / "system")
    closed = home / "closed"
    closed.mkdir(mode=0o700)

    for _ in range(2):
        with running_in(closed) as server, psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept ()")
            assert server.data.is_relative_to(home / "system")
            assert (closed.stat().st_mode & 0o777) == 0o700

    # Once the folder can be reached, the data stays where it is.
    closed.chmod(0o711)
    with running_in(closed) as server, psycopg.connect(server.url) as connection:
        connection.execute("SELECT FROM kept")


@contextmanager
def running_in(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server for an installation in a folder."""
    with running(folder) as (server, _):
        yield server


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another account")
def test_programs_that_the_account_cannot_reach_are_copied_once(home: Path, monkeypatch: pytest.MonkeyPatch):
    import shutil

    from duebook.jobs import postgres_binaries

    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for name in (postgres_binaries.PROGRAMS, postgres_binaries.LIBRARIES):
        shutil.copytree(postgres_binaries.package_folder() / name, closed / name, symlinks=True)
    monkeypatch.setattr(postgres_binaries, "package_folder", lambda: closed)
    monkeypatch.setattr(embedded_postgres, "SYSTEM_FOLDER", home / "system")

    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.program.argv[0].startswith(str(home / "system"))


def test_the_server_ends_when_its_parent_does_even_before_it_was_ready(home: Path):
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from duebook.jobs import embedded_postgres, programs\n"
        "server = embedded_postgres.prepare(Path(sys.argv[1]))\n"
        "programs.start(server.program)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home / "postgres")], check=False)

    with running(home) as (server, _), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert eventually(lambda: not (server.data / "postmaster.pid").exists())
