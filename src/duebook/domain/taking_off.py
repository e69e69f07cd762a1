"""Taking a part of a payment off the invoices that it is applied to: what was applied last goes first.

Never dated before what it takes off, so that no balance is below zero on any day.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from duebook.domain.payment_state import AllocationRow


def take_off(
    allocations: Sequence[AllocationRow], minor: int, *, day: date, first_invoice_id: int | None = None
) -> tuple[AllocationRow, ...]:
    """Negative rows of that amount, the chosen invoice's first, then what was applied last."""
    newest_first = sorted(standing(allocations), key=lambda row: row.applied_on)[::-1]
    taken: dict[tuple[int, bool, date], int] = {}
    for row in sorted(newest_first, key=lambda row: row.invoice_id != first_invoice_id):
        part = min(minor, row.minor)
        if part:
            place = (row.invoice_id, row.counts, max(day, row.applied_on))
            taken[place] = taken.get(place, 0) + part
            minor -= part
    return tuple(
        AllocationRow(invoice_id, -part, counts, dated) for (invoice_id, counts, dated), part in taken.items()
    )


def standing(allocations: Sequence[AllocationRow]) -> list[AllocationRow]:
    """What of each row is still applied: what was taken off since came off the newest of its like."""
    rows: list[AllocationRow] = []
    for row in allocations:
        if row.minor > 0:
            rows.append(row)
            continue
        left = -row.minor
        for place in range(len(rows) - 1, -1, -1):
            lot = rows[place]
            if (lot.invoice_id, lot.counts) == (row.invoice_id, row.counts):
                part = min(left, lot.minor)
                rows[place] = replace(lot, minor=lot.minor - part)
                left -= part
    return [row for row in rows if row.minor]
