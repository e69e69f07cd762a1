"""Add a product."""

from django.db import transaction

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.domain.errors import SkuTaken
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn


@transaction.atomic
def add_product(*, details: ProductDetails, request_key: str, actor: Actor) -> Product:
    """Add the product. Records ``product.added``.

    Raises Forbidden, NameRequired, PriceNegative, SkuTaken, KeyReused.
    """
    take_turn("catalog.add_product")
    hashed = input_hash(details)
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return Product.objects.get(pk=earlier.payload["product_id"])
    actor.require(Right.EDIT_PRODUCTS)
    details.check()
    refuse_taken_sku(details.sku, other_than=0)
    product = Product.objects.create(**details.columns())
    record_event(
        name="product.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "product_id": product.pk,
            "number": product.name,
            "price_minor": product.price_minor,
            "currency": product.currency,
        },
    )
    return product


def refuse_taken_sku(sku: str, *, other_than: int) -> None:
    """Raise SkuTaken when another product has the SKU. The unique constraint is the last guard."""
    if not sku.strip():
        return
    taken = Product.objects.filter(sku=sku.strip()).exclude(pk=other_than).first()
    if taken is not None:
        raise SkuTaken(sku=sku.strip(), name=taken.name)
