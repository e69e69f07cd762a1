"""The files of an installation."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from duebook.jobs import home


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUEBOOK_HOME", str(tmp_path / "new"))
    return tmp_path / "new"


def test_a_secret_is_made_once_and_readable_by_its_owner_only(folder: Path):
    first = home.read_or_create_secret("secret-key", lambda: "one")
    second = home.read_or_create_secret("secret-key", lambda: "two")

    assert (first, second) == ("one", "one")
    assert (folder / "secret-key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o711


def test_of_many_that_ask_at_once_all_get_the_same_secret(folder: Path):
    numbers = count()

    with ThreadPoolExecutor(8) as threads:
        secrets = list(
            threads.map(lambda _: home.read_or_create_secret("key", lambda: str(next(numbers))), range(64))
        )

    assert len(set(secrets)) == 1
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_a_private_file_is_replaced_whole(folder: Path):
    home.write_private_file("database-url", "first")
    home.write_private_file("database-url", "second")

    assert home.read_file("database-url") == "second"
    assert (folder / "database-url").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_missing_or_empty_holds_nothing(folder: Path):
    folder.mkdir()
    (folder / "empty").touch()

    assert home.read_file("none") is None
    assert home.read_file("empty") is None
