"""A CSV file of orders as it lies on the disk: its encoding, separator and columns are found, not asked for.

Reading is lazy, so a file may be larger than the memory.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from duebook.domain.errors import ColumnMissing, ColumnTwice, ColumnUnknown, FileUnreadable
from duebook.domain.order_row import Column

_BLOCK = 1 << 20
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order file whose header has been understood."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    columns: Mapping[Column, int]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line on which each row starts, and its values, stripped; empty rows are left out.

        Raises FileUnreadable where a quotation mark is never closed.
        """
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.separator)
            try:
                next(reader)
                line = reader.line_num + 1
                for cells in reader:
                    values = [cell.strip() for cell in cells]
                    if any(values):
                        yield line, values
                    line = reader.line_num + 1
            except csv.Error as error:
                raise FileUnreadable(line=reader.line_num, problem=error) from error

    def identity(self, cells: list[str]) -> str:
        """The same for rows of the same content, wherever their columns stand; empty values do not count."""
        content = sorted(
            f"{name}\x1f{value}" for name, value in zip(self.header, cells, strict=False) if value
        )
        return blake2b("\x1e".join(content).encode(), digest_size=16).hexdigest()


def open_order_file(path: Path, *, renamed: Mapping[str, str]) -> OrderFile:
    """Find the file's encoding, separator and columns; ``renamed`` maps known columns to its headers.

    Raises FileUnreadable, ColumnUnknown, ColumnMissing, ColumnTwice.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline()
        separator = max(_SEPARATORS, key=first.count)
        file.seek(0)
        try:
            header = next(csv.reader(file, delimiter=separator), [])
        except csv.Error as error:
            raise FileUnreadable(line=1, problem=error) from error
    names = tuple(name.strip() for name in header)
    return OrderFile(path, encoding, separator, names, _columns(names, renamed))


def _encoding(path: Path) -> str:
    """What a byte order mark says, else UTF-8 where the whole file is, else Windows-1252."""
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        bad_line = _first_undecodable_line(path, encoding)
        if bad_line is None:
            return encoding
    raise FileUnreadable(line=bad_line, problem=f"it is not text in {' or '.join(candidates)}")


def _first_undecodable_line(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return line + block[: error.start].count(b"\n")
            if not block:
                return None
            line += block.count(b"\n")


def _columns(header: tuple[str, ...], renamed: Mapping[str, str]) -> dict[Column, int]:
    known = {column.value for column in Column}
    for name in renamed:
        if name not in known:
            raise ColumnUnknown(name=name, known=", ".join(Column))
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(header):
        positions.setdefault(_plain(name), []).append(position)
    columns = {}
    for column in Column:
        wanted = _plain(renamed.get(column, column))
        found = positions.get(wanted, [])
        if column in renamed and not found:
            raise ColumnMissing(name=renamed[column], found=", ".join(header))
        if len(found) > 1:
            raise ColumnTwice(name=column.value)
        if found:
            columns[column] = found[0]
    _check_enough(columns, header)
    return columns


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_")


def _check_enough(columns: Mapping[Column, int], header: tuple[str, ...]) -> None:
    for needed in (
        (Column.ORDER_DATE,),
        (Column.AMOUNT, Column.UNIT_PRICE),
        (Column.CUSTOMER_ID, Column.CUSTOMER_EMAIL, Column.CUSTOMER_NAME),
    ):
        if not any(column in columns for column in needed):
            raise ColumnMissing(name=" or ".join(needed), found=", ".join(header))
