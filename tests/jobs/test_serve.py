"""`duebook serve`: everything starts with one command, nothing outlives it, it starts again after all."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from duebook.jobs.web_server import THREADS
from tests.jobs.serving import (
    STOP_SECONDS,
    Serving,
    children_of,
    eventually,
    free_port,
    new_home,
    processes_of,
    run_duebook,
    start_serving,
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with new_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Serving]:
    serving = start_serving(home, port=free_port())
    yield serving
    if serving.process.poll() is None:
        serving.interrupt()


def child(serving: Serving, part: str) -> int:
    """The pid of the supervisor's child whose command line contains a part."""
    pids = [pid for pid, line in children_of(serving.process.pid).items() if part in line]
    return pids[0] if pids else 0


def status(host: str, port: int) -> int:
    """The status of /healthz, 0 while nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_it_says_that_it_is_ready_in_one_line(served: Serving):
    assert served.output == [f"Duebook is ready at http://localhost:{served.port}"]


def test_it_answers_at_localhost_and_at_its_number(served: Serving):
    assert status("localhost", served.port) == 200
    assert status("127.0.0.1", served.port) == 200


def test_its_secrets_are_readable_by_its_owner_only(served: Serving):
    for name in ("secret-key", "database-url"):
        assert (served.home / name).stat().st_mode & 0o777 == 0o600


def test_its_database_takes_more_connections_than_its_threads_open(served: Serving):
    with psycopg.connect((served.home / "database-url").read_text().strip()) as connection:
        most = connection.execute("SHOW max_connections").fetchone()

    assert most is not None
    assert int(most[0]) > 2 * THREADS


def test_other_commands_find_its_database(served: Serving):
    done = served.duebook("migrate")

    assert done.returncode == 0, done.stderr
    assert "No migrations to apply" in done.stdout


def test_a_user_is_created_on_the_command_line_once(served: Serving):
    arguments = ("createuser", "Owner@Example.com", "--role", "owner")

    first = served.duebook(*arguments, DUEBOOK_PASSWORD="a long enough password")
    again = served.duebook(*arguments, DUEBOOK_PASSWORD="a long enough password")

    assert (first.returncode, first.stdout) == (0, "owner@example.com can sign in as owner.\n")
    assert again.returncode == 1
    assert "owner@example.com" in again.stderr.lower()
    assert "Traceback" not in again.stderr


def test_a_weak_password_is_refused(served: Serving):
    done = served.duebook("createuser", "sam@example.com", DUEBOOK_PASSWORD="12345678")

    assert done.returncode == 1
    assert "too short" in done.stderr


def test_orders_are_imported_on_the_command_line_and_the_books_verify(served: Serving, tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text("customer_name,Date,amount\nAcme,2026-01-31,100.00\nAcme,not a day,7.00\n")

    done = served.duebook("import", "orders", str(file), "--map", "order_date=Date", "--currency", "USD")
    verified = served.duebook("verify")

    assert done.returncode == 1
    assert "line 3" in done.stdout
    assert "1 order imported" in done.stdout
    assert (verified.returncode, verified.stdout) == (0, "The books are in order.\n")


def test_a_second_one_on_the_same_folder_is_refused(served: Serving):
    done = run_duebook("serve", "--local", home=served.home, port=free_port())

    assert done.returncode == 1
    assert f"Duebook already runs on {served.home} (process {served.process.pid})" in done.stderr
    assert status("localhost", served.port) == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_occupied_port_is_refused_before_anything_starts(address: str):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with new_home() as home, socket.socket(family) as other:
        try:
            other.bind((address, 0))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        other.listen()
        port = other.getsockname()[1]

        done = run_duebook("serve", "--local", home=home, port=port)

        assert done.returncode == 1
        assert f"Another program listens on {address} port {port}" in done.stderr
        assert not (home / "postgres").exists()


@pytest.mark.parametrize("part", ["duebook.jobs.web_process", "duebook.jobs.command_line", "bin/postgres"])
def test_a_part_that_is_killed_is_started_again(served: Serving, part: str):
    # A pid of 0 would be this very process with all that belongs to it.
    assert eventually(lambda: child(served, part) != 0)
    before = child(served, part)

    os.kill(before, signal.SIGKILL)

    assert eventually(lambda: child(served, part) not in (0, before))
    assert eventually(lambda: status("localhost", served.port) == 200)


def test_the_demo_has_a_card_processor_beside_it():
    with new_home() as home:
        serving = start_serving(home, "--demo", port=free_port())

        assert child(serving, "sandbox-gateway")
        assert (home / "sandbox.sqlite3").exists()
        compared = serving.duebook("verify", "--gateway")
        assert (compared.returncode, compared.stdout) == (0, "The books are in order.\n"), compared.stderr
        assert serving.interrupt() == 0
        assert not processes_of(home)


def test_ctrl_c_stops_everything_in_order():
    with new_home() as home:
        serving = start_serving(home, port=free_port())

        code = serving.interrupt()

        assert code == 0
        assert processes_of(home) == []
        assert not (home / "database-url").exists()
        assert "database system is shut down" in (home / "logs/database.log").read_text()
        assert run_duebook("verify", home=home).stderr.startswith("duebook: No Duebook runs on")


def test_killing_it_leaves_no_child_and_a_database_that_starts_again():
    with new_home() as home:
        serving = start_serving(home, port=free_port())
        assert len(children_of(serving.process.pid)) == 3

        serving.process.kill()
        serving.process.wait()

        assert eventually(lambda: processes_of(home) == [])
        again = start_serving(home, port=serving.port)
        assert status("localhost", again.port) == 200
        assert again.interrupt() == 0
        log = (home / "logs/database.log").read_text()
        assert "not properly shut down" not in log


def test_everything_killed_at_once_recovers():
    with new_home() as home:
        serving = start_serving(home, port=free_port())

        for pid in processes_of(home):
            os.kill(pid, signal.SIGKILL)
        serving.process.wait()

        again = start_serving(home, port=serving.port)
        assert status("localhost", again.port) == 200
        assert again.interrupt() == 0


def test_without_https_it_listens_on_this_machine_only():
    with new_home() as home:
        done = run_duebook("serve", "--local", "--bind", "0.0.0.0", home=home)  # noqa: S104

        assert done.returncode == 1
        assert "listens on this machine only" in done.stderr


def test_with_https_it_asks_for_its_names():
    with new_home() as home:
        done = run_duebook("serve", home=home)

        assert done.returncode == 1
        assert "Set DUEBOOK_HOSTS" in done.stderr


def test_behind_a_proxy_it_serves_what_came_by_https_and_redirects_the_rest():
    with new_home() as home:
        serving = start_serving(
            home, port=free_port(), DUEBOOK_HOSTS="pay.example.com", DUEBOOK_TRUST_PROXY="1"
        )

        by_https = answer(serving, {"Host": "pay.example.com", "X-Forwarded-Proto": "https"})
        by_http = answer(serving, {"Host": "pay.example.com"})
        by_other_name = answer(serving, {"Host": "localhost", "X-Forwarded-Proto": "https"})

        assert by_https.status == 200
        assert "max-age=31536000" in by_https.headers["Strict-Transport-Security"]
        assert "; Secure" in by_https.headers["Set-Cookie"]
        assert (by_http.status, by_http.headers["Location"]) == (
            301,
            "https://pay.example.com/accounts/login/",
        )
        assert by_other_name.status == 400
        assert serving.interrupt() == 0


def answer(serving: Serving, headers: dict[str, str]) -> http.client.HTTPResponse:
    """What the login page answers to a request with these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=10)
    connection.request("GET", "/accounts/login/", headers=headers)
    found = connection.getresponse()
    found.read()
    connection.close()
    return found


def test_a_given_database_is_used_and_nothing_is_embedded(served: Serving):
    address = (served.home / "database-url").read_text().strip()
    with new_home() as home:
        serving = start_serving(home, port=free_port(), DATABASE_URL=address)

        assert status("localhost", serving.port) == 200
        assert not (home / "postgres").exists()
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(STOP_SECONDS) == 0
