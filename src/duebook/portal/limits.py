"""How often something may be done from one place: so many times within a while, counted for all processes.

Each time takes a slot in the cache that frees itself; adding to the cache is atomic, so a race wins no extra.
"""

import hashlib

from django.core.cache import cache


def is_allowed(action: str, who: str, *, times: int, seconds: int) -> bool:
    """Count one more time; False when all slots are taken."""
    hashed = hashlib.sha256(who.encode()).hexdigest()
    return any(cache.add(f"portal.limit:{action}:{hashed}:{slot}", 1, seconds) for slot in range(times))
