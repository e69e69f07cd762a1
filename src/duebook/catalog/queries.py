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
