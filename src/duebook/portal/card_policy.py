"""What the page on which a card is typed may load: our own styles, and what the gateway's own fields need.

The gateway's script sees whatever is on the page, so no other script is: where the card is typed at the
gateway's page, there is none at all.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from duebook.gateways.protocol import SetupHandle

_STRIPE = "https://js.stripe.com"
# https://docs.stripe.com/security/guide#content-security-policy
_STRIPE_PARTS = "https://*.js.stripe.com"
_STRIPE_CONNECTS = "https://api.stripe.com"
_STRIPE_FRAMES = "https://hooks.stripe.com"


def policy_for(handle: SetupHandle | None) -> Mapping[str, list[str]]:
    """The directives for a page with these fields, or for one without any."""
    directives = {
        "default-src": [NONE],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
    if handle is None or not handle.script_url:
        return directives
    gateway = origin_of(handle.script_url)
    is_stripe = gateway == _STRIPE
    return directives | {
        "script-src": [SELF, gateway, *([_STRIPE_PARTS] if is_stripe else [])],
        "connect-src": [gateway, *([_STRIPE_CONNECTS] if is_stripe else [])],
        "frame-src": [gateway, *([_STRIPE_PARTS, _STRIPE_FRAMES] if is_stripe else [])],
    }


def origin_of(url: str) -> str:
    """The scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
