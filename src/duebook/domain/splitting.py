"""Splitting a whole into parts that always add up to it."""

from collections.abc import Sequence


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Share a whole number by weights; the units left over go to the largest remainders, first one first.

    100 by 1:1:1 is 34, 33, 33. Weights are zero or more; when all are zero everything stays unshared and the
    result is all zeros only if the total is zero, else ValueError.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights are zero or more")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nothing to share by")
        return [0] * len(weights)
    sign, size = (-1, -total) if total < 0 else (1, total)
    shares = [size * weight // whole for weight in weights]
    remainders = [size * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]


def fill_in_order(total: int, rooms: Sequence[int]) -> list[int]:
    """Give each room what it takes, first one first; what fits nowhere is left: 100 into 60, 70 is 60, 40."""
    parts = []
    for room in rooms:
        part = min(total, max(0, room))
        parts.append(part)
        total -= part
    return parts
