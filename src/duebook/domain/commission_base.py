"""What a commission is reckoned on: the products of an order, less the discounts that apply to commissions.

Invariant: no base is below zero, and a discount is spread over the product lines to the last cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from duebook.domain.order_lines import ItemKind
from duebook.domain.splitting import largest_remainder


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an order as commissions see it; a discount's ``line_minor`` is negative."""

    position: int
    kind: ItemKind
    product_id: int | None
    description: str
    quantity: Decimal
    line_minor: int
    apply_to_commissions: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain values that ``from_json`` reads back."""
        return {
            "position": self.position,
            "kind": self.kind.value,
            "product_id": self.product_id,
            "description": self.description,
            "quantity": format(self.quantity.normalize(), "f"),
            "line_minor": self.line_minor,
            "apply_to_commissions": self.apply_to_commissions,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "SoldLine":
        """The line that ``as_json`` wrote."""
        return cls(**{**plain, "kind": ItemKind(plain["kind"]), "quantity": Decimal(plain["quantity"])})


class Exclusion(StrEnum):
    """Why a line has no base of its own."""

    TAX = "tax"
    SHIPPING = "shipping"
    FINANCE_CHARGE = "finance charge"
    OTHER = "not a product"
    DISCOUNT_TAKEN = "discount, taken off the products"
    DISCOUNT_LEFT = "discount that does not apply to commissions"


@dataclass(frozen=True, slots=True)
class LineBase:
    """A line with the amount that rates apply to, in minor units, or the reason why there is none."""

    line: SoldLine
    base_minor: int
    excluded: Exclusion | None = None


_EXCLUDED = {
    ItemKind.TAX: Exclusion.TAX,
    ItemKind.SHIPPING: Exclusion.SHIPPING,
    ItemKind.FINANCE_CHARGE: Exclusion.FINANCE_CHARGE,
    ItemKind.OTHER: Exclusion.OTHER,
}


def line_bases(lines: Sequence[SoldLine]) -> list[LineBase]:
    """Each line with its base, in the order given.

    Products 60.00 and 40.00 with a discount of 10.00 that applies to commissions have bases 54.00 and 36.00.
    """
    products = [line for line in lines if line.kind is ItemKind.PRODUCT]
    amounts = [line.line_minor for line in products]
    discount = -sum(
        line.line_minor for line in lines if line.kind is ItemKind.DISCOUNT and line.apply_to_commissions
    )
    taken = min(discount, sum(amounts))
    shares = largest_remainder(taken, amounts) if taken else [0] * len(products)
    bases = {line.position: line.line_minor - share for line, share in zip(products, shares, strict=True)}
    return [_base(line, bases) for line in lines]


def _base(line: SoldLine, bases: dict[int, int]) -> LineBase:
    if line.kind is ItemKind.PRODUCT:
        return LineBase(line, bases[line.position])
    if line.kind is ItemKind.DISCOUNT:
        return LineBase(
            line, 0, Exclusion.DISCOUNT_TAKEN if line.apply_to_commissions else Exclusion.DISCOUNT_LEFT
        )
    return LineBase(line, 0, _EXCLUDED[line.kind])
