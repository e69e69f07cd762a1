"""Edit a product; orders keep the name and price that they were placed with."""

from django.db import transaction

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.catalog.services.add_product import refuse_taken_sku
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event


@transaction.atomic
def edit_product(*, product_id: int, details: ProductDetails, request_key: str, actor: Actor) -> Product:
    """Replace the product's details.

    Locks the product. Records ``product.edited`` with what changed.
    Raises NotFound, Forbidden, NameRequired, PriceNegative, SkuTaken, KeyReused.
    """
    product = row_by_id(Product.objects.select_for_update(no_key=True, of=("self",)), product_id, "Product")
    hashed = input_hash([product_id, details])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return product
    actor.require(Right.EDIT_PRODUCTS)
    details.check()
    refuse_taken_sku(details.sku, other_than=product_id)
    new = details.columns()
    before = {name: getattr(product, name) for name in new if getattr(product, name) != new[name]}
    for name in before:
        setattr(product, name, new[name])
    if before:
        product.save(update_fields=list(before))
    record_event(
        name="product.edited",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "product_id": product_id,
            "number": product.name,
            "before": before,
            "after": {name: new[name] for name in before},
        },
    )
    return product
