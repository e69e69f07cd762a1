"""What the tests of importing share: the type of the fixture and the refusals in short."""

from collections.abc import Callable

from duebook.imports.import_report import ImportReport

Importing = Callable[..., ImportReport]


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(refusal.line, refusal.error.field, refusal.error.code) for refusal in report.refusals]
