"""The web server as a program that is started and stopped."""

import os
import time
from dataclasses import replace
from pathlib import Path

from duebook.jobs import programs
from duebook.jobs.web_server import LONGEST_REQUEST_SECONDS, web_program
from tests.jobs.serving import children_of, eventually, free_port

PROCESSES = 2


def workers_of(pid: int) -> list[int]:
    """The processes started to serve requests."""
    return [child for child, line in children_of(pid).items() if "spawn_main" in line]


def test_it_stops_at_once_while_its_processes_still_load_the_application(tmp_path: Path):
    program = replace(
        web_program(bind="127.0.0.1", port=free_port(), workers=PROCESSES, log=tmp_path / "web.log"),
        env={**os.environ, "DUEBOOK_HOME": str(tmp_path), "DUEBOOK_INSECURE_LOOPBACK": "1"},
    )
    process = programs.start(program)
    assert eventually(lambda: len(workers_of(process.pid)) == PROCESSES)
    workers = workers_of(process.pid)

    began = time.monotonic()
    programs.stop(program, process)

    assert time.monotonic() - began < LONGEST_REQUEST_SECONDS, "they were killed"
    assert process.returncode == 0
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
