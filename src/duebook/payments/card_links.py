"""The link by which a customer puts a card on file: its token, and finding the offer that it belongs to.

The token, as that of a pay link, is 256 bits that follow from the offer's random reference and SECRET_KEY;
the database holds its hash alone. So it can be told again to those who may know it, and whoever reads the
database cannot use it.
"""

import base64
import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from duebook.domain.errors import CardLinkOver
from duebook.payments.models import CardSetup, PayLink

LIFETIME = timedelta(days=7)
PLACE = "TOKEN"
"""What the address of a link has where the token goes."""

_SALT = "duebook.payments.card_links"


def new_reference() -> str:
    """A name for an offer that nobody guesses."""
    return f"duebook-card-{secrets.token_hex(16)}"


def new_token(reference: str) -> str:
    """The token of a new offer's link."""
    return _token(reference, settings.SECRET_KEY)


def token_of(offered: CardSetup | PayLink) -> str:
    """The token of an offer's link; empty when the key that made it is gone."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _token(offered.reference, secret)
        if hash_of(token) == offered.token_hash:
            return token
    return ""


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def setup_of_token(token: str) -> CardSetup | None:
    """The offer whose link it is, in whatever state; None for a stranger's guess."""
    found = CardSetup.objects.filter(token_hash=hash_of(token), puts_on_file=True)
    return found.select_related("contact", "merchant_account", "payment_method").first()


def check_open(setup: CardSetup) -> None:
    """Raise CardLinkOver unless the link still takes a card."""
    if not is_open(setup):
        raise CardLinkOver(days=LIFETIME.days)


def is_open(setup: CardSetup) -> bool:
    """Whether the link still takes a card."""
    return setup.is_open and not is_past(setup) and setup.merchant_account.active


def is_past(setup: CardSetup) -> bool:
    """Whether the days of the link are over."""
    return setup.expires_at <= timezone.now()


def _token(reference: str, secret: str) -> str:
    digest = salted_hmac(_SALT, reference, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
