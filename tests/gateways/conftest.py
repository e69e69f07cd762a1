"""The gateways that the contract suite runs against, each in a process of its own.

A test runs for each gateway whose server can do what the test needs (`contract.needs`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.gateways.harness import Ability, Harness
from tests.gateways.sandbox.harness import SandboxHarness, sandbox_harness
from tests.gateways.stripe.harness import StripeHarness, stripe_harness

Start = Callable[[Path], AbstractContextManager[Harness]]

HARNESSES: dict[str, tuple[type[Harness], Start]] = {
    "sandbox": (SandboxHarness, sandbox_harness),
    "stripe": (StripeHarness, stripe_harness),
}
"""By name, a kind of harness, and a context manager that is given an empty folder and yields one."""


@pytest.fixture(scope="module", params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Each gateway in turn."""
    _, start = HARNESSES[request.param]
    with start(tmp_path_factory.mktemp(request.param)) as running:
        yield running


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*wanted): what a gateway's server must be able to do")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacking = [item for item in items if _lacks_something(item)]
    config.hook.pytest_deselected(items=lacking)
    items[:] = [item for item in items if item not in lacking]


def _lacks_something(item: pytest.Item) -> bool:
    """Whether the test needs what the server of its gateway does not do."""
    wanted = {one for mark in item.iter_markers("needs") for one in mark.args}
    if not wanted:
        return False
    kind, _ = HARNESSES[item.callspec.params["harness"]]
    return any(
        one in kind.cannot if isinstance(one, Ability) else one not in kind.behaviours for one in wanted
    )
