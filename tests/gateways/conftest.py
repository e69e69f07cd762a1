"""The gateways that the contract suite runs against, each in a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.gateways.harness import Harness
from tests.gateways.sandbox.harness import sandbox_harness

HARNESSES: dict[str, Callable[[Path], AbstractContextManager[Harness]]] = {"sandbox": sandbox_harness}
"""By name, a context manager that is given an empty folder and yields its harness."""


@pytest.fixture(scope="module", params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Each gateway in turn."""
    with HARNESSES[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running
