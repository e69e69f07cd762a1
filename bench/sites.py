"""Duebook and the bare site, each served by granian as `duebook serve` does."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.ports import free_port
from duebook.jobs import programs
from duebook.jobs.web_server import APPLICATION, wait_until_healthy, web_program

WORKERS = 2
ROOT = Path(__file__).resolve().parent.parent
BARE = "bench.bare.wsgi:application"


@dataclass(frozen=True)
class Sites:
    """The ports of both."""

    duebook: int
    bare: int


@contextmanager
def running_sites(folder: Path, database_url: str) -> Iterator[Sites]:
    """Serve both on the same database, with the same number of processes and threads."""
    with ExitStack() as stack:
        ports = []
        for application in (APPLICATION, BARE):
            port = free_port()
            name = application.split(".")[0]
            made = web_program(bind="127.0.0.1", port=port, workers=WORKERS, log=folder / f"{name}.log")
            program = replace(
                made,
                argv=[application if part == APPLICATION else part for part in made.argv],
                env={**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
            )
            if application == BARE:
                program.env.pop("DJANGO_SETTINGS_MODULE", None)
            process = programs.start(program)
            stack.callback(programs.stop, program, process)
            wait_until_healthy(
                program=program, bind="127.0.0.1", port=port, host_name="127.0.0.1", look_after=lambda: None
            )
            ports.append(port)
        yield Sites(*ports)
