"""What all tests share: a database server of their own, books that must add up, and a browser.

Fixtures for test authors:

`db`, `transactional_db`, `live_server`
    pytest-django's. Tests that commit (threads, browser) use the last two; afterwards every table is put
    back to what the migrations leave. `browse` Runs steps in a real browser, in the browser's own thread,
    against `live_server`::

        def test_the_dashboard_greets_its_user(browse, live_server):
            owner = make_user(role=Role.OWNER)

            def steps(page):
                page.goto("/")
                expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()

            browse(steps, user=owner)

    Inside the steps only the page may be used, outside only the ORM. `user` is signed in beforehand. Further
    arguments are those of a browser context: `viewport={"width": 390, "height": 844}`,
    `java_script_enabled=False`. A page error, such as a style or script blocked by the content security
    policy, fails the test; `allowed_errors=("422",)` lets through those that contain one of the parts.
`gateway`
    A card processor in memory behind every sandbox account; its book says what was taken and given back.
`axe_source`
    The text of axe-core, to be evaluated in a page that the accessibility test inspects.

After every test that uses the database `verify_books` must find nothing.

Property tests try the same examples each time, however slow the machine is: whether a change passes is not a
matter of luck. `--hypothesis-profile=explore` tries new ones.

Markers: `hledger` skips where hledger is missing; `broken_books` is for tests that damage the books on
purpose. With DUEBOOK_REQUIRE_ALL=1 nothing may be skipped.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
from django.db import connection, connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings as property_settings
from pytest_django.live_server_helper import LiveServer

from duebook.reports.services.verify_books import verify_books
from tests.browser_thread import BrowserThread, browser_thread, chromium
from tests.database_server import database_server
from tests.first_rows import FirstRows
from tests.payments.fake_gateway import FakeGateway, install

ROOT = Path(__file__).resolve().parent.parent
PATIENT = property_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.register_profile("explore", PATIENT)
property_settings.register_profile("same", PATIENT, derandomize=True)
property_settings.load_profile("same")
LONGEST_REQUEST_SECONDS = 30
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> Iterator[None]:
    """Start the run's own server the first time a test needs a database."""
    with database_server() as url:
        found = dj_database_url.parse(url, conn_max_age=0)
        settings = connections.settings["default"]
        options = {**settings["OPTIONS"], **found.get("OPTIONS", {})}
        settings.update({**found, "OPTIONS": options})
        yield


@pytest.fixture(scope="session", autouse=True)
def _committed_tests_are_undone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Replace Django's flush, which append-only tables refuse, by putting the first rows back."""
    first: list[FirstRows] = []
    set_up = TransactionTestCase.__dict__["_fixture_setup"]

    def take_then_set_up(cls: Any) -> None:
        if not first:
            first.append(FirstRows.take())
        set_up.__func__(cls)

    def restore(self: TransactionTestCase) -> None:
        first[0].restore()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(take_then_set_up))
        patch.setattr(TransactionTestCase, "_fixture_teardown", restore)
        yield


@pytest.fixture(scope="session")
def _browser_thread() -> Iterator[BrowserThread]:
    with browser_thread() as thread:
        yield thread


@pytest.fixture
def browse(
    _browser_thread: BrowserThread, live_server: LiveServer, request: pytest.FixtureRequest
) -> Callable[..., Any]:
    """Run steps on a page of the live server; the module's docstring shows how."""

    def run(steps: Callable[..., Any], **options: Any) -> Any:
        try:
            return _browser_thread.run(steps, origin=live_server.url, name=request.node.name, **options)
        finally:
            _wait_for_open_requests()

    return run


def _wait_for_open_requests() -> None:
    """Until the live server has done what the page asked for and left: a preview, the second of two clicks.

    It would read tables while they are emptied, which can deadlock, or write rows after they were counted.
    """
    until = time.monotonic() + LONGEST_REQUEST_SECONDS
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle')"
            )
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.01)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """A gateway in memory behind every sandbox account, in the live server too."""
    return install(monkeypatch)


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The text of axe-core's script."""
    return (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "broken_books: damages the books on purpose")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browse" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and chromium() is None:
        _miss("Chromium is not installed; Debian: apt install chromium")
    if item.get_closest_marker("hledger") and shutil.which("hledger") is None:
        _miss("hledger is not installed; Debian: apt install hledger")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """After every database test the books must add up, checked while what it wrote is still there."""
    result = yield
    if (
        uses_database(item)
        and item.get_closest_marker("broken_books") is None
        # A transaction that the test has broken answers no more questions, and leaves nothing.
        and not connection.needs_rollback
    ):
        assert verify_books() == []
    return result


def uses_database(item: pytest.Item) -> bool:
    """Whether a test may write to the database."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & DATABASE_FIXTURES)


def _miss(message: str) -> None:
    if os.environ.get("DUEBOOK_REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)


def pytest_sessionfinish() -> None:
    shutil.rmtree(os.environ["DUEBOOK_HOME"], ignore_errors=True)
