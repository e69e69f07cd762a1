"""A program that belongs to the server, how it is started and how it is stopped.

Whatever happens to the process that started it, it does not outlive that process (on Linux).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duebook.jobs import tied_process
from duebook.jobs.accounts import Account

LAST_LINES = 8


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run and how to end it. `argv[0]` is an absolute path; without `log` it shares our output.

    `orphan_signal` ends it when we are killed, else `stop_signal` does.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    kept_files: Sequence[int] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals | None = None
    stop_seconds: float = 10
    log: Path | None = None

    def last_words(self) -> str:
        """The end of its log, empty where it has none."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return f"The end of {self.log}:\n" + "\n".join(lines)


def start(program: Program) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own. Call it from the main thread.

    The kernel ties a child to the thread that started it, not to the process.
    """
    account = program.account
    shim = [
        *(sys.executable, "-I", "-S", tied_process.__file__),
        *(str(os.getpid()), str(int(program.orphan_signal or program.stop_signal))),
        *((str(account.user_id), str(account.group_id)) if account else ("-1", "-1")),
    ]
    log = _open_log(program.log) if program.log else None
    try:
        return subprocess.Popen(
            [*shim, *program.argv],
            env=dict(program.env) if program.env is not None else None,
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=program.kept_files,
        )
    finally:
        if log is not None:
            os.close(log)


def stop(program: Program, process: subprocess.Popen[bytes]) -> None:
    """Ask the program to end, wait for it, and after its time kill it with all it started."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            process.wait(program.stop_seconds)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the program, if it still runs, and every process left in its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _open_log(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
