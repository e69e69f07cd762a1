"""How often something may be done from one place: so many times within a while, counted for all processes.

Each time takes a slot in the cache that frees itself; adding to the cache is atomic, so a race wins no extra.
All slots are looked at in one statement, so that who is refused costs the database next to nothing.
"""

import hashlib
import ipaddress

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

_ONE_NETWORK = 64
"""The bits that a household or a rented server has in common; behind them it has an address for each try."""


def place_of(request: HttpRequest) -> str:
    """From where the request comes: the address, or of a long one the network that is one customer's."""
    told = str(get_adapter(request).get_client_ip(request))
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return told
    if isinstance(address, ipaddress.IPv4Address):
        return told
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _ONE_NETWORK), strict=False))


def is_allowed(action: str, who: str, *, times: int, seconds: int) -> bool:
    """Count one more time; False when all slots are taken."""
    hashed = hashlib.sha256(who.encode()).hexdigest()
    slots = [f"portal.limit:{action}:{hashed}:{slot}" for slot in range(times)]
    taken = cache.get_many(slots)
    return any(cache.add(slot, 1, seconds) for slot in slots if slot not in taken)
