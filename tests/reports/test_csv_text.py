"""CSV files: numbers as numbers, text as text, and no text that a spreadsheet would run."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from duebook.reports.csv_text import csv_lines, plain


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\u00a0=1", " \t=1"),
        *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\u3000=1", "\ufeff=1", "\u200b=1", "\0=1"),
    ],
)
def test_a_text_that_could_be_a_formula_gets_an_apostrophe(text: str):
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Acme", "Acme"),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (Decimal("-12.50"), "-12.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 11, 23), "2026-11-23"),
    ],
)
def test_other_cells_stay_as_they_are(cell, expected: str):
    assert plain(cell) == expected


def test_a_file_reads_back_as_it_was_written():
    rows = [['Keller, "Marta"', Decimal("12.50")], ["two\nlines", Decimal("-1.00")]]

    text = "".join(csv_lines(["Name", "Amount"], rows))

    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [
        ["Name", "Amount"],
        ['Keller, "Marta"', "12.50"],
        ["two\nlines", "-1.00"],
    ]
