"""Files that a page hands out, streamed so that their size does not matter."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import gettext

from duebook.domain.money import to_decimal
from duebook.ledger.currencies import exponent, is_currency
from duebook.reports.csv_text import Cell, csv_lines
from duebook.reports.xlsx import xlsx_file

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """A CSV file of the rows, named as given and translated in its header."""
    return text_download(f"{name}.csv", csv_lines([gettext(title) for title in header], rows), "text/csv")


def text_download(name: str, lines: Iterable[str], content_type: str) -> StreamingHttpResponse:
    """A text file of the lines. The name is ours, so it needs no quoting."""
    return StreamingHttpResponse(
        lines,
        content_type=f"{content_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def amount_cell(minor: int, currency: str) -> Decimal:
    """The amount as a number with the decimals of its currency."""
    return to_decimal(minor, exponent(currency))


def processor_amount_cell(minor: int, currency: str) -> Decimal | int:
    """The same for what a processor said, whose currency may be none: then in its smallest unit."""
    return amount_cell(minor, currency) if is_currency(currency) else minor


def xlsx_download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> FileResponse:
    """The same rows as a spreadsheet."""
    file = xlsx_file(name, [gettext(title) for title in header], rows)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)
