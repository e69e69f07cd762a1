"""What a product consists of when people write it."""

from dataclasses import dataclass

from duebook.domain.errors import NameRequired, PriceNegative
from duebook.domain.money import Money


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """A product as it is typed."""

    name: str
    price: Money
    sku: str = ""
    taxable: bool = True
    active: bool = True
    description: str = ""

    def check(self) -> None:
        """Raise NameRequired or PriceNegative."""
        if not self.name.strip():
            raise NameRequired
        if self.price.minor < 0:
            raise PriceNegative(field="price")

    def columns(self) -> dict[str, str | int | bool | None]:
        """The values of the row."""
        return {
            "name": self.name.strip(),
            "sku": self.sku.strip() or None,
            "price_minor": self.price.minor,
            "currency": self.price.currency,
            "taxable": self.taxable,
            "active": self.active,
            "description": self.description.strip(),
        }
