"""How often something may be done from one place: so many times within a while, counted for all processes.

Each time takes a slot in the cache that frees itself; adding to the cache is atomic, so a race wins no extra.
All slots are looked at in one statement, so that who is refused costs the database next to nothing.
"""

import hashlib

from django.core.cache import cache


def is_allowed(action: str, who: str, *, times: int, seconds: int) -> bool:
    """Count one more time; False when all slots are taken."""
    hashed = hashlib.sha256(who.encode()).hexdigest()
    slots = [f"portal.limit:{action}:{hashed}:{slot}" for slot in range(times)]
    taken = cache.get_many(slots)
    return any(cache.add(slot, 1, seconds) for slot in slots if slot not in taken)
