"""Which product an item of a file is: by SKU, else by name without case; a new one keeps the item's price."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from duebook.domain.errors import SeveralMatch
from duebook.domain.money import to_minor
from duebook.domain.order_row import Column
from duebook.imports.known_rows import products_by_name, products_by_sku
from duebook.imports.new_ids import NewIds
from duebook.ledger.currencies import exponent


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be added."""

    id: int
    name: str
    price_minor: int
    currency: str


class ProductMatching:
    """The products that the items of one batch may be, and those to be added for the rest."""

    def __init__(self, items: Iterable[str], ids: NewIds, *, also: Iterable[NewProduct] = ()) -> None:
        wanted = {item for item in items if item}
        self._by_sku = products_by_sku(wanted) if wanted else {}
        self._by_name = products_by_name({item.lower() for item in wanted}) if wanted else {}
        for product in also:
            self._by_name.setdefault(product.name.lower(), []).append(product.id)
        unknown = {item.lower() for item in wanted if item not in self._by_sku} - self._by_name.keys()
        self._ids = iter(ids.take(["catalog_product_id_seq"], len(unknown)))
        self.new: dict[int, NewProduct] = {}

    def find(self, item: str, unit_price: Decimal, currency: str) -> int | None:
        """The id of the product, which is in ``new`` when it has to be added; None for an item without name.

        Raises SeveralMatch.
        """
        if not item:
            return None
        if (by_sku := self._by_sku.get(item)) is not None:
            return by_sku
        same_name = self._by_name.get(item.lower(), [])
        if len(same_name) > 1:
            raise SeveralMatch(field=Column.ITEM, what="products", count=len(same_name), text=item)
        return same_name[0] if same_name else self._add(item, unit_price, currency)

    def _add(self, item: str, unit_price: Decimal, currency: str) -> int:
        (product_id,) = next(self._ids)
        self.new[product_id] = NewProduct(
            product_id, item, to_minor(unit_price, exponent(currency)), currency
        )
        self._by_name[item.lower()] = [product_id]
        return product_id
