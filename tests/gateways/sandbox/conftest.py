"""A sandbox for each module, which begins each test without faults and without a webhook."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser_thread import BrowserThread
from tests.gateways.sandbox.server import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The module's."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "book.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The module's, tidied afterwards."""
    yield running
    running.ask("DELETE", "/control/faults")
    running.ask("POST", "/control/webhooks", {"url": ""})


@pytest.fixture
def alone(tmp_path) -> Iterator[Sandbox]:
    """One with an empty book, for tests that count everything in it."""
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def browse_pages(_browser_thread: BrowserThread, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run steps in the tests' browser, on pages that are not Duebook's."""

    def run(steps: Callable[..., Any], *, origin: str) -> Any:
        # A refused card is a page with status 422, which a browser reports as an error.
        return _browser_thread.run(steps, origin=origin, name=request.node.name, allowed_errors=("422",))

    return run
