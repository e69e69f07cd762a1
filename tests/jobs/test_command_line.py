"""The command line: help everywhere, a sentence instead of a traceback."""

from pathlib import Path

import pytest

from duebook.jobs import command_line
from tests.jobs.serving import new_home, run_duebook

COMMANDS = [
    ["serve"],
    ["worker"],
    ["migrate"],
    ["demo"],
    ["import"],
    ["import", "orders"],
    ["verify"],
    ["createuser"],
    ["sandbox-gateway"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        command_line.main([*command, "--help"])

    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: duebook {' '.join(command)}")


def test_the_list_of_commands_is_complete():
    names = {name for name, *_ in COMMANDS}

    help_text = command_line.parser().format_help()

    assert all(name in help_text for name in names)
    assert len(command_line.COMMANDS) == len(names)


@pytest.mark.parametrize("command", ["migrate", "verify", "demo", "worker"])
def test_without_a_running_server_a_command_says_what_to_do(command: str):
    with new_home() as home:
        done = run_duebook(command, home=home)

    assert done.returncode == 1
    assert done.stderr == (
        f"duebook: No Duebook runs on {home}. Start it with `make run` or `duebook serve`, "
        "or set DUEBOOK_HOME or DATABASE_URL.\n"
    )


def test_a_database_that_does_not_answer_is_said_in_a_sentence():
    with new_home() as home:
        (home / "database-url").write_text("postgresql://duebook@%2Fnowhere/duebook")

        done = run_duebook("verify", home=home)

    assert done.returncode == 1
    assert done.stderr.startswith("duebook: The database does not answer. Is Duebook running?")
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_named(tmp_path: Path):
    with new_home() as home:
        done = run_duebook("import", "orders", str(tmp_path / "none.csv"), home=home)

    assert done.returncode == 1
    assert done.stderr == f"duebook: There is no file {tmp_path / 'none.csv'}.\n"


def test_a_map_without_a_header_is_refused(tmp_path: Path):
    with new_home() as home:
        done = run_duebook("import", "orders", "orders.csv", "--map", "order_date", home=home)

    assert done.returncode == 1
    assert done.stderr == "duebook: --map takes COLUMN=HEADER, not 'order_date'.\n"
