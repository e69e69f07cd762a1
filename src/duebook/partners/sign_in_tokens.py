"""Tokens by which a partner signs in: signed, good for half an hour and for one use.

A token counts only while its number lies in the cache. Using it takes the number out, so of two uses at the
same moment one wins; a cache that forgets refuses a partner, who asks again, and lets nobody in.
"""

import secrets

from django.core import signing
from django.core.cache import cache

LIFETIME_SECONDS = 30 * 60
_SALT = "duebook.partners.sign_in"


def make_token(partner_id: int) -> str:
    """A new token for the partner."""
    number = secrets.token_urlsafe(16)
    cache.set(_key(number), partner_id, LIFETIME_SECONDS)
    return signing.dumps([partner_id, number], salt=_SALT)


def is_good(token: str) -> bool:
    """Whether the token could be used now; using it up is ``redeem``."""
    opened = _open(token)
    return opened is not None and cache.get(_key(opened[1])) == opened[0]


def redeem(token: str) -> int | None:
    """The partner whose token it is, once; None for one that is forged, too old or used."""
    opened = _open(token)
    if opened is None or cache.get(_key(opened[1])) != opened[0]:
        return None
    return opened[0] if cache.delete(_key(opened[1])) else None


def _open(token: str) -> tuple[int, str] | None:
    try:
        partner_id, number = signing.loads(token, salt=_SALT, max_age=LIFETIME_SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return int(partner_id), str(number)


def _key(number: str) -> str:
    return f"partners.sign_in:{number}"
