"""A whole Duebook in a process of its own, as `make run` starts it, for the tests of it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DUEBOOK = str(Path(sys.executable).parent / "duebook")
START_SECONDS = 60
STOP_SECONDS = 120
"""What the supervisor grants its programs: the database flushes all it has written to a disk that is busy."""


@dataclass
class Serving:
    """A running `duebook serve` and what it has printed until it was ready."""

    process: subprocess.Popen[str]
    home: Path
    port: int
    output: list[str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def duebook(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the same installation."""
        return run_duebook(*arguments, home=self.home, **variables)

    def interrupt(self) -> int:
        """Press Ctrl-C and wait; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def new_home() -> Iterator[Path]:
    """A folder for an installation that the account of the database can reach. No process outlives it."""
    folder = Path(tempfile.mkdtemp(prefix="duebook-serve-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for pid in processes_of(folder):
            os.kill(pid, signal.SIGKILL)
        for record in folder.rglob("socket-folder"):
            shutil.rmtree(record.read_text(), ignore_errors=True)
        shutil.rmtree(folder)


def free_port() -> int:
    """A port that nobody listens on.

    Not one that the system gives to connections: another program's could take it before it is listened on.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def environment(home: Path, port: int) -> dict[str, str]:
    """The environment of a person who has set nothing else."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DUEBOOK", "DJANGO", "PG"))
    }
    kept.pop("DATABASE_URL", None)
    return {**kept, "DUEBOOK_HOME": str(home), "PORT": str(port)}


def run_duebook(
    *arguments: str, home: Path, port: int = 8000, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [DUEBOOK, *arguments],
        env={**environment(home, port), **variables},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def start_serving(home: Path, *options: str, port: int, **variables: str) -> Serving:
    """Start Duebook, by default as `make run` does, and wait until it says that it is ready."""
    mode = [] if "DUEBOOK_HOSTS" in variables else ["--local"]
    process = subprocess.Popen(
        [DUEBOOK, "serve", *mode, *options],
        env={**environment(home, port), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    output: list[str] = []
    for line in process.stdout:
        output.append(line.rstrip("\n"))
        if line.startswith("Duebook is ready"):
            return Serving(process, home, port, output)
    raise AssertionError(f"ended with {process.wait()}: {output}")


def processes_of(home: Path) -> list[int]:
    """The running processes that belong to an installation: it is in their environment or arguments."""
    needle = str(home).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            if needle in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def children_of(pid: int) -> dict[int, str]:
    """The direct children of a process, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def eventually(holds: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Whether something comes true within a time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
