"""Write docs/reference.md from the code: events, refusals, rights, jobs, settings.

A test compares the page with what this script makes, so the reference never lags behind.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/duebook"
PAGE = ROOT / "docs/reference.md"

_RECORDED = re.compile(r"``([a-z_]+\.[a-z_]+)``")
_EVENT_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
_VARIABLE = re.compile(r"\b(DUEBOOK_[A-Z_]+|DATABASE_URL|PORT)\b")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the product with its syntax tree, in a stable order."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def first_sentence(text: str) -> str:
    """The first sentence of a docstring on one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.;]) ", paragraph)[0].rstrip(".;") + "."


def recorded_events() -> dict[str, str]:
    """Each event that the code writes, with the first sentence of the module that writes it.

    Where an import writes the same event in bulk, the module of the single act tells. Raises SystemExit for
    an event that no docstring names.
    """
    written: dict[str, str] = {}
    told: set[str] = set()
    for _, tree in sorted(modules(), key=lambda module: "imports" in module[0].parts):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (doc := ast.get_docstring(node)):
                told |= set(_RECORDED.findall(doc))
            for name in _written(node):
                written.setdefault(name, first_sentence(ast.get_docstring(tree) or ""))
    missing = sorted(set(written) - told)
    if missing:
        sys.exit(f"No docstring says what records {', '.join(missing)}.")
    return dict(sorted(written.items()))


def _written(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == "name":
                yield from _names_in(keyword.value)


def _names_in(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and _EVENT_NAME.fullmatch(str(node.value)):
            yield str(node.value)


def refusals() -> list[tuple[str, str, str]]:
    """Each refusal: its code, its kind, its message with the values in braces."""
    from duebook.domain import errors

    kinds = (errors.Invalid, errors.NotAllowed, errors.NotFound, errors.Conflict)
    found: list[tuple[str, str, str]] = []

    def visit(cls: type[errors.DomainError]) -> None:
        for below in cls.__subclasses__():
            kind = next((kind.__name__ for kind in kinds if issubclass(below, kind)), "")
            if below not in kinds or below is errors.NotFound:
                found.append((below.code, kind, below.message))
            visit(below)

    visit(errors.DomainError)
    return sorted(set(found))


def rights() -> list[tuple[str, str]]:
    """Each right and the roles that hold it."""
    from duebook.domain.permissions import RIGHTS_OF, Right

    return [
        (right.value, ", ".join(role.value for role, held in RIGHTS_OF.items() if right in held))
        for right in Right
    ]


def jobs() -> list[tuple[str, str]]:
    """Each background job and what it does."""
    found = []
    tree = ast.parse((SOURCE / "jobs/tasks.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [
                keyword.value.value
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call)
                for keyword in decorator.keywords
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
            ]
            found += [(str(name), first_sentence(ast.get_docstring(node) or "")) for name in names]
    return sorted(found)


def variables() -> list[str]:
    """Each environment variable that the code reads."""
    found: set[str] = set()
    for _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(_VARIABLE.findall(node.value)) if _VARIABLE.fullmatch(node.value) else set()
    return sorted(found)


def reference() -> str:
    """The text of the page."""
    lines = [
        "# Reference",
        "",
        "Made from the code by `scripts/build_reference.py`; a test keeps it true.",
        "",
        "## Events",
        "",
        "One for each thing done, in the audit trail of the contact, order or payment.",
        "",
        "| event | written when |",
        "| --- | --- |",
        *(f"| `{name}` | {what} |" for name, what in recorded_events().items()),
        "",
        "## Refusals",
        "",
        "Invalid: mend the input (422). NotAllowed: the state or your rights forbid it (422, 403).",
        "NotFound: 404. Conflict: someone was faster, or the request key was used for something else (409).",
        "",
        "| code | kind | message |",
        "| --- | --- | --- |",
        *(f"| `{code}` | {kind} | {message} |" for code, kind, message in refusals()),
        "",
        "## Rights",
        "",
        "| right | roles |",
        "| --- | --- |",
        *(f"| {right} | {roles} |" for right, roles in rights()),
        "",
        "## Background jobs",
        "",
        "| job | does |",
        "| --- | --- |",
        *(f"| `{name}` | {what} |" for name, what in jobs()),
        "",
        "## Environment variables",
        "",
        "What each means stands in the [README](../README.md#settings).",
        "",
        *(f"- `{name}`" for name in variables()),
        "",
    ]
    return "\n".join(lines)


def load_refusals() -> None:
    """Import every module that may declare a refusal, so that all subclasses are known."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duebook.project.settings")
    os.environ.setdefault("DUEBOOK_INSECURE_LOOPBACK", "1")
    os.environ.setdefault("DUEBOOK_SECRET_KEY", "not used by this script")
    import django

    django.setup()
    for path, tree in modules():
        declares = any(isinstance(node, ast.ClassDef) for node in tree.body)
        if declares and {"services", "domain"} & set(path.parts):
            __import__(".".join(("duebook", *path.relative_to(SOURCE).with_suffix("").parts)))


if __name__ == "__main__":
    load_refusals()
    PAGE.write_text(reference(), encoding="utf-8")
    print("docs/reference.md")
