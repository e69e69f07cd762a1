"""Reads of products."""

from django.db.models import Q, QuerySet

from duebook.catalog.models import Product

MOST_OFFERED = 500
"""How many products a drop-down offers; a catalogue beyond that is searched by typing a description."""


def products(text: str = "") -> QuerySet[Product]:
    """Products whose name or SKU contains the text."""
    rows = Product.objects.all()
    if text.strip():
        part = text.replace("\x00", "").strip()
        rows = rows.filter(Q(name__icontains=part) | Q(sku__icontains=part))
    return rows


def offered(currency: str) -> list[Product]:
    """Active products in the currency by name, for an order's items."""
    return list(Product.objects.filter(active=True, currency=currency).order_by("name", "id")[:MOST_OFFERED])


def products_to_offer(*also: int | None) -> list[Product]:
    """Active products of all currencies by name for a drop-down, and those that stand there already."""
    rows = Product.objects.only("id", "name").order_by("name", "id")
    found = list(rows.filter(active=True)[:MOST_OFFERED])
    missing = {pk for pk in also if pk is not None} - {product.pk for product in found}
    return [*found, *rows.filter(pk__in=missing)] if missing else found
