"""A real browser for tests, kept in a thread of its own.

Playwright's synchronous interface runs an event loop in its thread, and Django refuses the ORM wherever one
runs. So the steps of a test go to that thread and the ORM stays in the test's own.
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    expect,
    sync_playwright,
)

Result = TypeVar("Result")

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STEP_SECONDS = 30
"""How long a step or an expectation waits: a limit for what goes wrong, so that a busy machine passes too."""
PICTURES = Path("test-results")


def chromium() -> str | None:
    """The path of the machine's Chromium, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class BrowserThread:
    """One Chromium and the one thread that may speak to it."""

    def __init__(self, executor: ThreadPoolExecutor, browser: Browser) -> None:
        self._executor = executor
        self._browser = browser

    def run(
        self,
        steps: Callable[[Page], Result],
        *,
        origin: str,
        user: Any = None,
        name: str,
        allowed_errors: tuple[str, ...] = (),
        **context: Any,
    ) -> Result:
        """Run the steps on a fresh page and return what they return.

        Fails when the page reports an error, which a blocked style or script is too. A failed page is kept
        as a picture.
        """
        cookies = session_cookies(user, origin) if user is not None else []
        future: Future[Result] = self._executor.submit(
            self._run, steps, cookies, name, allowed_errors, {"base_url": origin, **context}
        )
        return future.result()

    def _run(
        self,
        steps: Callable[[Page], Result],
        cookies: list[Any],
        name: str,
        allowed_errors: tuple[str, ...],
        options: dict[str, Any],
    ) -> Result:
        context: BrowserContext = self._browser.new_context(**options)
        context.set_default_timeout(STEP_SECONDS * 1000)
        context.add_cookies(cookies)
        page = context.new_page()
        errors: list[str] = []

        def note_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                errors.append(message.text)

        def note_error(error: Error) -> None:
            errors.append(str(error))

        page.on("console", note_console)
        page.on("pageerror", note_error)
        try:
            result = steps(page)
        except BaseException:
            PICTURES.mkdir(exist_ok=True)
            page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
            raise
        finally:
            context.close()
        unexpected = [error for error in errors if not any(part in error for part in allowed_errors)]
        assert not unexpected, unexpected
        return result


def session_cookies(user: Any, origin: str) -> list[dict[str, str]]:
    """The cookie of a session in which the user is signed in."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    name = settings.SESSION_COOKIE_NAME
    return [{"name": name, "value": client.cookies[name].value, "url": origin}]


@contextmanager
def browser_thread() -> Iterator[BrowserThread]:
    """A Chromium that runs until the block ends."""
    expect.set_options(timeout=STEP_SECONDS * 1000)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser") as executor:
        playwright = executor.submit(lambda: sync_playwright().start()).result()
        try:
            browser = executor.submit(
                lambda: playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            ).result()
            try:
                yield BrowserThread(executor, browser)
            finally:
                executor.submit(browser.close).result()
        finally:
            executor.submit(playwright.stop).result()
