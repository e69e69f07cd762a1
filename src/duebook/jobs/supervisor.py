"""Keeps the server's programs running and stops them in order.

Programs are started in the order given and stopped in reverse, so nothing outlives the database it needs. One
that ends, for whatever reason and with whatever code, is started again, after a pause that doubles with every
early end.
"""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from duebook.jobs import programs
from duebook.jobs.programs import Program

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A program that ran this long is taken to be well again.
STEADY_SECONDS = 60.0
LOOK_SECONDS = 0.1

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    early_ends: int = 0
    start_again_at: float | None = None


@dataclass
class Supervisor:
    """Runs programs until a stop signal; `say` receives one sentence for each thing a person should know.

    Use it as a context: whatever ends the block, all programs are stopped at its end. A stop signal is the
    ordinary end and goes no further.
    """

    say: Callable[[str], None]
    _children: list[_Child] = field(default_factory=list)

    def __enter__(self) -> "Supervisor":
        for number in STOP_SIGNALS:
            signal.signal(number, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        # A second Ctrl-C must not leave the database half stopped.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self._children):
            programs.stop(child.program, child.process)
        return kind is KeyboardInterrupt

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program and keep it running from now on."""
        process = programs.start(program)
        self._children.append(_Child(program, process, time.monotonic()))
        return process

    def run(self) -> NoReturn:
        """Keep the programs running until a stop signal ends the context."""
        while True:
            self.look_after()
            time.sleep(LOOK_SECONDS)

    def look_after(self) -> None:
        """Look once at every program: note those that ended, start again those whose pause is over."""
        now = time.monotonic()
        for child in self._children:
            if child.start_again_at is None and child.process.poll() is not None:
                self._note_end(child, now)
            elif child.start_again_at is not None and now >= child.start_again_at:
                child.process = programs.start(child.program)
                child.started_at, child.start_again_at = now, None

    def _note_end(self, child: _Child, now: float) -> None:
        # What it started and left behind would hold its port or its rows.
        programs.kill(child.process)
        if now - child.started_at >= STEADY_SECONDS:
            child.early_ends = 0
        pause = min(FIRST_PAUSE_SECONDS * 2**child.early_ends, LONGEST_PAUSE_SECONDS)
        child.early_ends += 1
        child.start_again_at = now + pause
        where = f" Its log: {child.program.log}" if child.program.log else ""
        self.say(
            f"The {child.program.name} ended ({_reason(child.process.returncode)}). "
            f"Starting it again in {pause:g} s.{where}"
        )


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
