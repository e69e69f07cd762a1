"""The supervisor, on small programs."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from duebook.jobs.programs import Program
from duebook.jobs.supervisor import LONGEST_PAUSE_SECONDS, STOP_SIGNALS, Supervisor
from tests.jobs.serving import eventually


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def python(name: str, code: str, **options) -> Program:
    """A program of a line of Python."""
    return Program(name=name, argv=[sys.executable, "-c", code], **options)


def test_programs_are_stopped_in_reverse_order(tmp_path: Path):
    log = tmp_path / "log"
    code = (
        "import signal, time\n"
        "def end(*_): print({name!r}, flush=True); raise SystemExit\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(1)"
    )

    with Supervisor(say=print) as supervisor:
        for name in ("first", "second"):
            supervisor.start(python(name, code.format(name=name), log=log))
        assert eventually(lambda: log.exists() and log.read_text().count("up") == 2)

    assert log.read_text().split() == ["up", "up", "second", "first"]


def test_a_program_that_ends_is_started_again_after_a_pause_that_doubles():
    said: list[str] = []

    with Supervisor(say=said.append) as supervisor:
        supervisor.start(python("worker", "raise SystemExit(3)"))

        def ended_three_times() -> bool:
            supervisor.look_after()
            return len(said) >= 3

        assert eventually(ended_three_times)

    assert said[:3] == [
        f"The worker ended (exit code 3). Starting it again in {pause} s." for pause in ("0.5", "1", "2")
    ]
    assert LONGEST_PAUSE_SECONDS == 30


def test_an_exit_without_an_error_is_an_end_too():
    said: list[str] = []

    with Supervisor(say=said.append) as supervisor:
        supervisor.start(python("worker", "pass"))

        def ended() -> bool:
            supervisor.look_after()
            return bool(said)

        assert eventually(ended)

    assert said == ["The worker ended (exit code 0). Starting it again in 0.5 s."]


def test_a_program_that_does_not_stop_is_killed_with_all_it_started(tmp_path: Path):
    log = tmp_path / "log"
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )

    with Supervisor(say=print) as supervisor:
        process = supervisor.start(python("stubborn", code, stop_seconds=0.2, log=log))
        assert eventually(lambda: log.exists() and log.read_text().endswith("\n"))

    assert process.returncode == -signal.SIGKILL
    grandchild = Path("/proc") / log.read_text().strip() / "cmdline"
    assert eventually(lambda: has_ended(grandchild))


def has_ended(command_line: Path) -> bool:
    """Whether the process of this file has; that it was is asked by reading, as it may end at any moment."""
    try:
        return command_line.read_bytes() == b""
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_stop_signal_ends_the_run():
    with Supervisor(say=print) as supervisor:
        process = supervisor.start(python("sleeper", "import time; time.sleep(60)"))
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, 0.3)

        supervisor.run()

    assert process.returncode == -signal.SIGTERM
