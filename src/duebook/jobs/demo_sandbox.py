"""The demo's card processor: a sandbox of its own beside the server, so that cards can be charged at once."""

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from duebook.jobs import home
from duebook.jobs.failure import CommandFailed
from duebook.jobs.programs import Program

BOOK = "sandbox.sqlite3"
SECRET = "sk_sandbox"  # noqa: S105 - it opens play money, on this machine only
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105
READY_SECONDS = 20
_SECONDS = 5


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sandbox_program(*, port: int, log: Path | None) -> Program:
    """The sandbox with its book in DUEBOOK_HOME."""
    command = [sys.executable, "-m", "duebook.jobs.command_line", "sandbox-gateway"]
    return Program(
        name="sandbox",
        argv=[*command, "--port", str(port), "--book", str(home.home() / BOOK), "--secret", SECRET],
        log=log,
    )


def join_demo_sandbox(*, port: int, web_port: int, look_after: Callable[[], None]) -> str:
    """Wait for the sandbox, enter it as the demo's merchant account, and have it tell us what happens.

    Returns why the business does not take it, if it does not: its settings may have changed since. Raises
    CommandFailed when it does not become ready.
    """
    from django.urls import reverse

    from duebook.domain.errors import DomainError
    from duebook.imports.demo_cards import join_sandbox

    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {SECRET}"}
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(f"{url}/account", headers):
        if time.monotonic() > deadline:
            raise CommandFailed(f"The sandbox did not become ready within {READY_SECONDS} s.")
        look_after()
        time.sleep(0.05)
    try:
        account = join_sandbox(url=url, secret=SECRET, webhook_secret=WEBHOOK_SECRET)
    except DomainError as refusal:
        return str(refusal)
    address = f"http://localhost:{web_port}{reverse('web:webhook', args=[account.webhook_token])}"
    body = {"url": address, "secret": WEBHOOK_SECRET}
    requests.post(f"{url}/control/webhooks", json=body, headers=headers, timeout=_SECONDS).raise_for_status()
    return ""


def _answers(url: str, headers: dict[str, str]) -> bool:
    try:
        return requests.get(url, headers=headers, timeout=_SECONDS).ok
    except requests.RequestException:
        return False
