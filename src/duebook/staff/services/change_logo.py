"""Set or remove the business's logo, which receipts and printed orders show."""

import hashlib

from django.db import transaction

from duebook.domain.errors import LogoNotUsable
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.models import Business

MOST_BYTES = 500_000
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@transaction.atomic
def change_logo(*, logo: bytes | None, request_key: str, actor: Actor) -> None:
    """Keep the picture, or none. PNG and JPEG only: an SVG can carry scripts.

    Locks the business's row. Records ``logo.changed``. Raises Forbidden, LogoNotUsable, KeyReused.
    """
    business = Business.objects.select_for_update(no_key=True).defer("logo").get(pk=1)
    fingerprint = hashlib.sha256(logo).hexdigest() if logo else ""
    hashed = input_hash({"logo": fingerprint})
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHANGE_SETTINGS)
    business.logo_type = _type_of(logo) if logo else ""
    business.logo = logo
    business.save(update_fields=["logo", "logo_type"])
    record_event(
        name="logo.changed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"sha256": fingerprint, "type": business.logo_type},
    )


def _type_of(logo: bytes) -> str:
    if len(logo) <= MOST_BYTES:
        for beginning, content_type in _BEGINNINGS.items():
            if logo.startswith(beginning):
                return content_type
    raise LogoNotUsable(kilobytes=MOST_BYTES // 1000)
