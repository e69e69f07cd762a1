"""The docs name everything that exists: events, refusals, rights, jobs, variables, commands, pages that links
name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from duebook.jobs.command_line import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_reference_is_what_the_code_says() -> None:
    script = "import scripts.build_reference as b; b.load_refusals(); print(b.reference(), end='')"

    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert made == (ROOT / "docs/reference.md").read_text(), "run scripts/build_reference.py"


def test_the_readme_explains_every_variable_but_the_internal_ones() -> None:
    reference = (ROOT / "docs/reference.md").read_text()
    readme = (ROOT / "README.md").read_text()
    internal = {"DUEBOOK_INSECURE_LOOPBACK"}

    named = set(re.findall(r"^- `([A-Z_]+)`$", reference, re.MULTILINE))

    assert {name for name in named - internal if f"`{name}`" not in readme} == set()


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    summary = parser().format_help()

    for name in ("serve", "worker", "migrate", "demo", "import", "verify", "createuser", "sandbox-gateway"):
        assert f"`duebook {name}" in readme
        assert name in summary


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())

    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]

    assert broken == []
