"""Which product an item of a file is: by SKU, else by name without case; a new one keeps the item's price."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models.functions import Lower

from duebook.catalog.models import Product
from duebook.domain.errors import SeveralMatch
from duebook.domain.money import to_minor
from duebook.domain.order_row import Column
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

    def __init__(self, items: Iterable[str], ids: NewIds) -> None:
        wanted = {item for item in items if item}
        self._by_sku: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}
        if wanted:
            self._load(wanted)
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

    def _load(self, wanted: set[str]) -> None:
        for product_id, sku in Product.objects.filter(sku__in=wanted).values_list("id", "sku"):
            self._by_sku[str(sku)] = product_id
        lowered = {item.lower() for item in wanted}
        named = Product.objects.alias(plain=Lower("name")).filter(plain__in=lowered).order_by("id")
        for product_id, name in named.values_list("id", "name"):
            self._by_name.setdefault(name.lower(), []).append(product_id)
