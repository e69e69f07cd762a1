"""Progress where there is no terminal: plain lines, not too many, the last one always."""

import pytest

from duebook.jobs import progress as progress_module
from duebook.jobs.progress import progress


def test_elsewhere_than_on_a_terminal_a_line_is_shown_at_the_end(capsys: pytest.CaptureFixture[str]):
    with progress("Importing orders") as on_progress:
        for done in (1, 2, 3):
            on_progress(done, 3)

    assert capsys.readouterr().err == "Importing orders: 3 of 3\n"


def test_a_line_is_shown_now_and_then_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress_module, "LINE_SECONDS", 0)

    with progress("Importing orders") as on_progress:
        on_progress(1, 2)
        on_progress(2, 2)

    assert capsys.readouterr().err.splitlines() == ["Importing orders: 1 of 2", "Importing orders: 2 of 2"]
