"""What an order's lines come to: each line half-up, the total by kind, and the postings it makes."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from duebook.domain.accounts import SystemAccount
from duebook.domain.errors import (
    AmountOutOfRange,
    OrderNeedsItems,
    OrderTotalNegative,
    PriceNegative,
    QuantityNotPositive,
)
from duebook.domain.money import MAX_MINOR, Money, to_minor


class ItemKind(StrEnum):
    PRODUCT = "product"
    TAX = "tax"
    SHIPPING = "shipping"
    DISCOUNT = "discount"
    FINANCE_CHARGE = "finance_charge"
    OTHER = "other"


CREDIT_ACCOUNT_OF = {
    ItemKind.PRODUCT: SystemAccount.SALES,
    ItemKind.TAX: SystemAccount.TAX_PAYABLE,
    ItemKind.SHIPPING: SystemAccount.SHIPPING_INCOME,
    ItemKind.FINANCE_CHARGE: SystemAccount.FINANCE_INCOME,
    ItemKind.OTHER: SystemAccount.OTHER_INCOME,
}


@dataclass(frozen=True, slots=True)
class LineInput:
    """One line as a person enters it; a discount's price is typed as a positive number.

    ``line_minor`` is given where the amount is known and the price is not exact (imports): it then wins.
    """

    kind: ItemKind
    description: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    product_id: int | None = None
    line_minor: int | None = None
    apply_to_commissions: bool = True


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as it is stored."""

    position: int
    input: LineInput
    line_minor: int


@dataclass(frozen=True, slots=True)
class OrderLines:
    """All lines of an order with their total and the finance charge in it, in minor units."""

    lines: tuple[OrderLine, ...]
    total_minor: int
    finance_minor: int

    def by_kind(self) -> dict[ItemKind, int]:
        """The sum of each kind that occurs, in minor units; discounts negative."""
        sums: dict[ItemKind, int] = {}
        for line in self.lines:
            sums[line.input.kind] = sums.get(line.input.kind, 0) + line.line_minor
        return sums


def line_amount(line: LineInput, exponent: int, *, position: int = 0) -> int:
    """The line's amount in minor units: quantity times price, half-up; negative for a discount.

    3 at 0.333333 is 1.00. Raises QuantityNotPositive, PriceNegative, AmountOutOfRange, with the line's
    position in the values.
    """
    if line.quantity <= 0:
        raise QuantityNotPositive(position=position)
    if line.unit_price < 0 or (line.line_minor or 0) < 0:
        raise PriceNegative(position=position)
    if line.line_minor is not None:
        size = line.line_minor
    else:
        size = to_minor(line.quantity * line.unit_price, exponent)
    if size > MAX_MINOR:
        raise AmountOutOfRange(field="unit_price", position=position)
    return -size if line.kind is ItemKind.DISCOUNT else size


def total_lines(lines: Iterable[LineInput], currency: str, exponent: int) -> OrderLines:
    """The lines with their amounts and the order's total.

    Raises OrderNeedsItems, OrderTotalNegative, AmountOutOfRange and what ``line_amount`` raises.
    """
    placed = tuple(
        OrderLine(position, line, line_amount(line, exponent, position=position))
        for position, line in enumerate(lines, start=1)
    )
    if not placed:
        raise OrderNeedsItems
    total = sum(line.line_minor for line in placed)
    if total < 0:
        raise OrderTotalNegative(total=Money(total, currency))
    if total > MAX_MINOR:
        raise AmountOutOfRange(field="items")
    finance = sum(line.line_minor for line in placed if line.input.kind is ItemKind.FINANCE_CHARGE)
    return OrderLines(placed, total, finance)


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement to book: from which account to which, how much in minor units."""

    debit: int
    credit: int
    minor: int


def invoice_postings(new: dict[ItemKind, int], old: dict[ItemKind, int] | None = None) -> list[Posting]:
    """The transfers that take the books from the old sums by kind to the new ones.

    With nothing old, the issue of an invoice: receivable → sales and so on, discounts → receivable. With
    nothing new, its mirror image. Kinds whose sum stays post nothing.
    """
    old = old or {}
    postings = []
    for kind in ItemKind:
        change = new.get(kind, 0) - old.get(kind, 0)
        if not change:
            continue
        other = SystemAccount.DISCOUNTS if kind is ItemKind.DISCOUNT else CREDIT_ACCOUNT_OF[kind]
        debit, credit = (SystemAccount.RECEIVABLE, other) if change > 0 else (other, SystemAccount.RECEIVABLE)
        postings.append(Posting(int(debit), int(credit), abs(change)))
    return postings
