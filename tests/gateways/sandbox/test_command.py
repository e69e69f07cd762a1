"""`duebook sandbox-gateway`: what it needs, and who may ask."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duebook.jobs.command_line", "sandbox-gateway", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_same_book_again_continues_it(tmp_path: Path):
    book = tmp_path / "book.sqlite3"
    with running_sandbox(book) as sandbox:
        sandbox.charge(5000)
        sandbox.advance(hours=48)
        before = sandbox.book()
        account = sandbox.ask("GET", "/account")

    with running_sandbox(book) as sandbox:
        after = sandbox.book()

        assert sandbox.ask("GET", "/account") == account
    assert before.pop("now") < after.pop("now")
    assert before == after


def test_an_account_takes_the_currencies_that_it_was_given(tmp_path: Path):
    with running_sandbox(tmp_path / "book.sqlite3", "--currencies", "USD,KWD") as sandbox:
        assert sandbox.ask("GET", "/account")["currencies"] == ["KWD", "USD"]
        assert sandbox.charge(50, currency="USD")["captured_minor"] == 50
        assert sandbox.charge(1, currency="KWD")["captured_minor"] == 1
        card = sandbox.card()
        body = {"amount_minor": 50, "currency": "EUR", "customer": card["customer"], "card": card["token"]}
        refused = sandbox.call("POST", "/charges", {**body, "reference": "r"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "currency_not_enabled")


def test_what_cannot_be_is_said_in_a_sentence(sandbox: Sandbox, tmp_path: Path):
    no_book = tmp_path / "no-book"
    no_book.write_text("this is no book, and long enough to be sure of it: " * 20)
    port = sandbox.url.rpartition(":")[2]

    taken = run("--port", port, "--book", str(tmp_path / "new"))
    damaged = run("--port", "0", "--book", str(no_book))
    open_to_all = run("--port", "0", "--book", str(tmp_path / "new"), "--secret", "")

    assert (taken.returncode, taken.stderr) == (
        1,
        f"duebook: Port {port} cannot be used: Address already in use.\n",
    )
    assert damaged.returncode == 1
    assert damaged.stderr.startswith(f"duebook: {no_book} cannot be used as a book: ")
    assert open_to_all.returncode == 1
    assert "Traceback" not in taken.stderr + damaged.stderr + open_to_all.stderr


@pytest.mark.parametrize("path", ["/account", "/book", "/control/faults", "/nowhere"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", SECRET, "Bearer ", "Bearer é"])
def test_only_who_knows_the_secret_may_ask(sandbox: Sandbox, path: str, header: str | None):
    headers = {} if header is None else {"Authorization": header.encode()}

    response = requests.get(sandbox.url + path, headers=headers, timeout=10)

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/account", 404),
        ("GET", "/charges/ch_404", 404),
        ("GET", "/refunds/re_404", 404),
        ("GET", "/disputes/dp_404", 404),
        ("GET", "/charges?since=yesterday", 400),
        ("GET", "/charges?after=ch_404", 404),
        ("POST", "/charges", 400),
    ],
)
def test_what_is_not_there_or_not_understood_is_refused(
    sandbox: Sandbox, method: str, path: str, status: int
):
    assert sandbox.call(method, path).status_code == status


@pytest.mark.parametrize("amount_minor", [0, -1, 1.5, "50", None, True, 49, 10**16])
def test_an_amount_is_a_whole_number_of_at_least_the_minimum(sandbox: Sandbox, amount_minor):
    card = sandbox.card()
    body = {"currency": "USD", "customer": card["customer"], "card": card["token"], "reference": "r"}

    response = sandbox.call("POST", "/charges", {**body, "amount_minor": amount_minor})

    assert response.status_code == 400


@pytest.mark.parametrize("body", ["{", "7", "[" * 100_000, "\x00"])
def test_a_body_that_is_no_object_is_refused(sandbox: Sandbox, body: str):
    response = requests.post(
        f"{sandbox.url}/charges", data=body, headers={"Authorization": f"Bearer {SECRET}"}, timeout=10
    )

    assert response.status_code == 400


def test_a_card_that_expired_meanwhile_is_declined(alone: Sandbox):
    card = alone.card()
    alone.advance(hours=24 * 366 * 30)

    charge = alone.charge(card=card)

    assert (charge["outcome"], charge["decline"]["code"]) == ("declined", "expired_card")
