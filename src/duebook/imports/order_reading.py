"""From the rows of a file to orders and refusals, in batches; reads nothing but the file."""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_symbol

from duebook.domain.errors import DomainError, TooManyValues, ValueUnprintable
from duebook.domain.order_import import ImportedOrder, decide_order
from duebook.domain.order_row import CheckedRow, CurrencyTerms, ImportTerms, check_row
from duebook.imports.order_file import OrderFile
from duebook.imports.refusals import Refusal
from duebook.imports.staged_rows import StagedRow, staged_rows
from duebook.ledger.currencies import exponent, is_currency

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class KeyedOrder:
    """An order of the file and its identity there."""

    key: str
    order: ImportedOrder


@dataclass(slots=True)
class ReadBatch:
    """Some orders of the file, those that were refused, and how many rows both have of how many in all."""

    all_rows: int
    rows: int = 0
    orders: list[KeyedOrder] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def read_batches(file: OrderFile, terms: ImportTerms, *, orders: int) -> Generator[ReadBatch, None, None]:
    """The file's orders, so many at a time; at least one batch, which may be empty."""
    with staged_rows(file) as (all_rows, groups):
        batch = ReadBatch(all_rows)
        for group in groups:
            batch.rows += len(group)
            try:
                batch.orders.append(KeyedOrder(group[0].key, _order(group, file, terms)))
            except _Refused as refused:
                batch.refusals.append(refused.refusal)
            if len(batch.orders) + len(batch.refusals) >= orders:
                yield batch
                batch = ReadBatch(all_rows)
        yield batch


class _Refused(Exception):
    def __init__(self, line: int, error: DomainError, rows: int) -> None:
        super().__init__(line)
        self.refusal = Refusal(line, error, rows)


def _order(group: list[StagedRow], file: OrderFile, terms: ImportTerms) -> ImportedOrder:
    checked: list[CheckedRow] = []
    for row in group:
        try:
            checked.append(check_row(row.line, _values(row.cells, file), terms))
        except DomainError as error:
            raise _Refused(row.line, error, len(group)) from error
    try:
        return decide_order(checked, terms)
    except DomainError as error:
        raise _Refused(error.values.get("line", group[0].line), error, len(group)) from error


def _values(cells: list[str], file: OrderFile) -> dict[str, str]:
    if len(cells) > len(file.header):
        raise TooManyValues(count=len(cells), expected=len(file.header))
    values: dict[str, str] = {}
    for column, position in file.columns.items():
        if position < len(cells) and (text := cells[position]):
            if not text.isprintable():
                if _CONTROL.search(text):
                    raise ValueUnprintable(field=column)
                text = " ".join(text.split())
            values[column] = text
    return values


def currency_terms(locale: str) -> Callable[[str], CurrencyTerms | None]:
    """What reading amounts needs of a currency, in a locale's signs; None for what is no currency."""

    @lru_cache(maxsize=400)
    def terms_of(currency: str) -> CurrencyTerms | None:
        if not is_currency(currency):
            return None
        signs = {currency, *(get_currency_symbol(currency, locale=each) for each in (locale, "en_US"))}
        return CurrencyTerms(exponent(currency), tuple(sorted(signs, key=len, reverse=True)))

    return terms_of


def is_day_first(locale: str) -> bool:
    """Whether the locale writes 23/11/2026 and not 11/23/2026."""
    pattern: str = Locale.parse(locale).date_formats["short"].pattern.lower()
    return pattern.index("d") < pattern.index("m")
