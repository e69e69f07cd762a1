"""Finding out how a file is written: encoding, separator, columns, and where each row starts."""

import codecs
from pathlib import Path

import pytest

from duebook.domain import errors
from duebook.domain.errors import DomainError
from duebook.domain.order_row import Column
from duebook.imports.order_file import OrderFile, open_order_file

HEADER = "customer_name,order_date,amount"


def opened(tmp_path: Path, content: bytes | str, **renamed: str) -> OrderFile:
    path = tmp_path / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_order_file(path, renamed=renamed)


@pytest.mark.parametrize(
    ("encoding", "start"),
    [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("cp1252", b""), ("utf-16-le", codecs.BOM_UTF16_LE)],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, start: bytes) -> None:
    text = f"{HEADER}\nJürgen Große – Söhne,2026-01-05,5.00\n"

    file = opened(tmp_path, start + text.encode(encoding))

    assert list(file.rows()) == [(2, ["Jürgen Große – Söhne", "2026-01-05", "5.00"])]


def test_the_encoding_counts_for_the_whole_file(tmp_path: Path) -> None:
    rows = "Plain Name,2026-01-05,5.00\n" * 100_000

    file = opened(tmp_path, f"{HEADER}\n{rows}Müller,2026-01-05,5.00\n".encode("cp1252"))

    assert file.encoding == "cp1252"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    quoted = f'"Keller{separator} ""Marta"""'
    lines = [HEADER.replace(",", separator), separator.join([quoted, "2026-01-05", "5.00"])]

    file = opened(tmp_path, "\r\n".join(lines))

    assert list(file.rows()) == [(2, [f'Keller{separator} "Marta"', "2026-01-05", "5.00"])]


def test_a_row_starts_where_its_first_character_stands(tmp_path: Path) -> None:
    content = f'{HEADER}\n"two\nlines",2026-01-05,5\n\n  ,,\nlast,2026-01-05,6\n'

    lines = [line for line, _ in opened(tmp_path, content).rows()]

    assert lines == [2, 6]


def test_columns_are_found_without_case_and_by_other_headers(tmp_path: Path) -> None:
    content = "ID,Order Date,Total,Comment\n4,2026-01-05,5,none\n"

    file = opened(tmp_path, content, customer_id="id", amount="Total")

    assert dict(file.columns) == {Column.CUSTOMER_ID: 0, Column.ORDER_DATE: 1, Column.AMOUNT: 2}


def test_a_header_that_is_given_counts_more_than_a_known_name(tmp_path: Path) -> None:
    file = opened(tmp_path, "customer_id,order_date,amount,net\n4,2026-01-05,6,5\n", amount="net")

    assert file.columns[Column.AMOUNT] == 3


@pytest.mark.parametrize(
    ("content", "renamed", "kind"),
    [
        ("", {}, errors.ColumnMissing),
        ("customer_id,amount\n", {}, errors.ColumnMissing),
        ("customer_id,order_date\n", {}, errors.ColumnMissing),
        ("order_date,amount\n", {}, errors.ColumnMissing),
        (HEADER, {"amount": "Total"}, errors.ColumnMissing),
        (HEADER, {"price": "amount"}, errors.ColumnUnknown),
        (f"{HEADER},Amount\n", {}, errors.ColumnTwice),
        (b"\x81\x8d,order_date\n", {}, errors.FileUnreadable),
        (codecs.BOM_UTF8 + b"\xff\n", {}, errors.FileUnreadable),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_as_a_whole(
    tmp_path: Path, content: bytes | str, renamed: dict[str, str], kind: type[DomainError]
) -> None:
    with pytest.raises(kind) as refused:
        opened(tmp_path, content, **renamed)

    assert refused.value.field == "file"


def test_a_quotation_mark_that_is_never_closed_names_its_line(tmp_path: Path) -> None:
    file = opened(tmp_path, f'{HEADER}\nA,2026-01-05,5\n"B,2026-01-05,5\n' + "C,2026-01-05,5\n" * 20_000)

    with pytest.raises(errors.FileUnreadable):
        list(file.rows())


def test_the_identity_of_a_row_is_its_content_in_any_order_of_columns(tmp_path: Path) -> None:
    one = opened(tmp_path, f"{HEADER}\n")
    other = opened(tmp_path, "amount,note,customer_name,order_date\n")

    assert one.identity(["A", "2026-01-05", "5"]) == other.identity(["5", "", "A", "2026-01-05"])
    assert one.identity(["A", "2026-01-05", "5"]) != one.identity(["A", "2026-01-05", "6"])
