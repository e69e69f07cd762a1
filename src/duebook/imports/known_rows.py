"""What is in the database of what a batch names: orders, contacts and products, by lists of any length.

Written in SQL because each list is one parameter: the ORM would make a thousand of it, and a new statement
for each length.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from duebook.domain.contact_names import NameParts

_ORDERS = """
SELECT o.source_key, o.ordered_on, o.currency,
       (SELECT (e.payload->>'total_minor')::bigint FROM events_event e
         WHERE e.order_id = o.id AND e.name = 'order.placed')
  FROM orders_order o WHERE o.source = %s AND o.source_key = ANY(%s::text[])
"""
_CONTACTS = "SELECT id, coalesce(external_id, ''), email, name FROM contacts_contact WHERE "
_BY_EXTERNAL_ID = _CONTACTS + "external_id = ANY(%s::text[])"
_BY_EMAIL = _CONTACTS + "lower(email) = ANY(%s::text[]) AND email <> ''"
_BY_NAME = _CONTACTS + "lower(name) = ANY(%s::text[])"
_PRODUCTS_BY_SKU = "SELECT sku, id FROM catalog_product WHERE sku = ANY(%s::text[])"
_PRODUCTS_BY_NAME = (
    "SELECT lower(name), id FROM catalog_product WHERE lower(name) = ANY(%s::text[]) ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order that was imported before, as it was then."""

    ordered_on: date
    currency: str
    total_minor: int


@dataclass(frozen=True, slots=True)
class KnownContact:
    """What matching needs of a contact; ``parts`` is only there while it is not yet written."""

    id: int
    external_id: str
    email: str
    name: str
    parts: NameParts | None = None


def known_orders(source: str, keys: Collection[str]) -> dict[str, KnownOrder]:
    """The orders with these identities, by identity."""
    return {key: KnownOrder(*rest) for key, *rest in _rows(_ORDERS, [source, list(keys)])}


def known_contacts(
    *, external_ids: Collection[str], emails: Collection[str], names: Collection[str]
) -> list[KnownContact]:
    """Everyone with one of the ids, e-mails or names, the latter two in small letters; by ascending id."""
    found: dict[int, KnownContact] = {}
    for sql, values in ((_BY_EXTERNAL_ID, external_ids), (_BY_EMAIL, emails), (_BY_NAME, names)):
        if values:
            for row in _rows(sql, [list(values)]):
                found[row[0]] = KnownContact(*row)
    return [found[contact_id] for contact_id in sorted(found)]


def products_by_sku(skus: Collection[str]) -> dict[str, int]:
    """The ids of the products with these SKUs."""
    return dict(_rows(_PRODUCTS_BY_SKU, [list(skus)]))


def products_by_name(names: Collection[str]) -> dict[str, list[int]]:
    """The ids of the products with these names, given and returned in small letters."""
    found: dict[str, list[int]] = {}
    for name, product_id in _rows(_PRODUCTS_BY_NAME, [list(names)]):
        found.setdefault(name, []).append(product_id)
    return found


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
