"""Stripe's events: which ones Duebook asks for, and how a message proves to be Stripe's.

https://docs.stripe.com/webhooks#verify-manually
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import stripe

from duebook.gateways.protocol import GatewayEvent, ObjectKind, WebhookRefused
from duebook.gateways.stripe.reading import Object, identifier, instant

EVENT_TYPES = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "setup_intent.succeeded",
    "setup_intent.setup_failed",
    "setup_intent.canceled",
    "payout.paid",
    "payout.failed",
    "payout.reconciliation_completed",
)
"""What an endpoint has to subscribe to; Stripe lists by at most 20 of them."""

KINDS = {
    "payment_intent": ObjectKind.CHARGE,
    "refund": ObjectKind.REFUND,
    "dispute": ObjectKind.DISPUTE,
    "setup_intent": ObjectKind.SETUP,
    "payout": ObjectKind.SETTLEMENT,
}

TOLERANCE = timedelta(seconds=300)
LARGEST_BODY = 1_000_000


def event(found: Object) -> GatewayEvent:
    """An Event."""
    about = found["data"]["object"]
    kind, object_id = _about(about)
    return GatewayEvent(
        id=found["id"],
        kind=found["type"],
        object_kind=kind,
        object_id=object_id,
        occurred_at=instant(found["created"]),
        live=bool(found.get("livemode")),
    )


def _about(about: Object) -> tuple[ObjectKind, str]:
    kind = KINDS.get(about.get("object") or "", ObjectKind.OTHER)
    if about.get("object") == "charge" and about.get("payment_intent"):
        return ObjectKind.CHARGE, identifier(about["payment_intent"])
    return kind, about.get("id") or ""


def verified(
    body: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now: datetime
) -> GatewayEvent:
    """The event in a message that one of the secrets signed not long ago. Raises WebhookRefused."""
    if len(body) > LARGEST_BODY:
        raise WebhookRefused("too large")
    header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    if abs(now - _signed_at(header)) > TOLERANCE:
        raise WebhookRefused("signed too long ago or in the future")
    if not any(_is_signed(body, header, secret) for secret in secrets):
        raise WebhookRefused("bad signature")
    try:
        return event(_event_object(json.loads(body)))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise WebhookRefused("not an event") from error


def _signed_at(header: str) -> datetime:
    """The time that is part of what was signed. One alone, or two readers could each take another."""
    if not header.isascii():
        raise WebhookRefused("no signature")
    stamps = [value for name, _, value in (part.partition("=") for part in header.split(",")) if name == "t"]
    if len(stamps) != 1 or not (stamps[0].isdigit() and len(stamps[0]) <= 11):
        raise WebhookRefused("no signature")
    return instant(int(stamps[0]))


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    try:
        # Its own check of the time knows no future and another clock than ours.
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _event_object(parsed: Any) -> Object:
    if parsed["object"] != "event":
        raise ValueError("another object")
    found: Object = parsed
    return found
