"""Rows as a spreadsheet: amounts are numbers, days are days, a text is text and never a formula or a link."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

import xlsxwriter

from duebook.reports.csv_text import Cell

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_LONGEST_NAME = 31
_NAME_LENGTH = 28
_WIDTH = 16
_LONGEST_TEXT = 32_767


def xlsx_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> IO[bytes]:
    """A file with one sheet, at its beginning; of any number of rows only one is in memory."""
    # The response closes the file when it is sent.
    file: IO[bytes] = TemporaryFile(prefix="duebook-", suffix=".xlsx")  # noqa: SIM115
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        sheet = book.add_worksheet(name[:_LONGEST_NAME])
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        amounts = {
            places: book.add_format({"num_format": "#,##0" + ("." + "0" * places if places else "")})
            for places in range(5)
        }
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 0, _NAME_LENGTH)
        sheet.set_column(1, max(1, len(header) - 1), _WIDTH)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    places = min(4, max(0, -int(cell.as_tuple().exponent)))
                    sheet.write_number(number, column, cell, amounts[places])
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                elif cell is not None:
                    sheet.write_string(number, column, cell[:_LONGEST_TEXT])
    file.seek(0)
    return file
