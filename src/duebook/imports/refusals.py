"""A row that was not imported: the line where it starts, and why, in words."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext

from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.ledger.currencies import format_money


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was refused; ``rows`` is how many rows of the file were left out for it."""

    line: int
    error: DomainError
    rows: int = 1

    def __str__(self) -> str:
        where = f"line {self.line}"
        if self.error.field:
            where = f"{where}, {self.error.field}"
        others = f" ({self.rows - 1} other rows of this order are left out with it.)" if self.rows > 1 else ""
        return f"{where}: {in_words(self.error)}{others}"


def in_words(error: DomainError) -> str:
    """What is wrong and what to do."""
    values = {name: _value_in_words(value) for name, value in error.values.items()}
    return gettext(error.message).format(**values)


def _value_in_words(value: Any) -> Any:
    if isinstance(value, Money):
        return format_money(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
