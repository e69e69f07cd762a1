"""What an import says of itself."""

from duebook.imports.import_report import ImportReport


def test_one_is_told_apart_from_many() -> None:
    report = ImportReport(
        rows=1_204, created=1, contacts=1, products=2, already_there=1_202, refused_rows=1, findings=[]
    )
    report.ordered_minor["USD"] = 123456

    assert report.lines() == [
        "1,204 rows read.",
        "1 order imported ($1,234.56).",
        "New: 1 contact and 2 products.",
        "0 payments imported.",
        "Already there: 1,202 orders.",
        "Refused: 1 row.",
        "The books are in order.",
    ]


def test_a_dry_run_says_that_nothing_was_written() -> None:
    lines = ImportReport(rows=1, created=1).lines()

    assert lines[:2] == ["1 row read.", "1 order would be imported."]
    assert lines[-1] == "This was a dry run: nothing was written."
