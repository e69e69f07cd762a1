"""Record one event in the caller's transaction."""

from typing import Any

from duebook.domain.permissions import Actor
from duebook.events.models import Event


def record_event(
    *,
    name: str,
    actor: Actor,
    request_key: str | None = None,
    hashed: str | None = None,
    contact_id: int | None = None,
    order_id: int | None = None,
    payment_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> Event:
    """Write the event of a thing done; the payload holds ids and amounts in minor units, as plain JSON."""
    return Event.objects.create(
        name=name,
        actor_id=actor.user_id,
        source=actor.source.value,
        request_key=request_key,
        input_hash=hashed,
        contact_id=contact_id,
        order_id=order_id,
        payment_id=payment_id,
        payload=payload or {},
    )
