"""Whether a webhook is the sandbox's: ``Sandbox-Signature: t=<unix seconds>,v1=<hex>,...``."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from duebook.gateways.protocol import WebhookRefused

HEADER = "sandbox-signature"
TOLERANCE_SECONDS = 300
LONGEST_BODY_BYTES = 1_000_000

PARTS = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,10})", re.ASCII)


def signed_values(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime
) -> dict[str, Any]:
    """The message's JSON object, once its signature and time are found right. Raises WebhookRefused.

    While a secret is being replaced any of several may have signed. An empty one never has.
    """
    if len(body) > LONGEST_BODY_BYTES:
        raise WebhookRefused("too large")
    header = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    parts = PARTS.fullmatch(header)
    if parts is None:
        raise WebhookRefused("no signature")
    given = [part.removeprefix("v1=") for part in parts[2].split(",") if part]
    if not _is_signed(f"{parts[1]}.".encode() + body, given, secrets):
        raise WebhookRefused("wrong signature")
    if abs(now.timestamp() - int(parts[1])) > TOLERANCE_SECONDS:
        raise WebhookRefused("too old, or from the future")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WebhookRefused("not readable") from error
    if not isinstance(values, dict):
        raise WebhookRefused("not readable")
    return values


def _is_signed(message: bytes, given: Sequence[str], secrets: Sequence[str]) -> bool:
    """Whether one of the signatures is right, in a time that does not tell how much of it is."""
    right = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        for signature in given:
            right |= bool(secret) and hmac.compare_digest(expected, signature)
    return right
