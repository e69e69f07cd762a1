"""The life of a refund through a gateway, and what it books once the money has gone back.

As with charges: a known state never becomes unknown, and money that went back is booked, whatever was seen
before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from duebook.domain.money import Money
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import OpenInvoice, TypeTerms
from duebook.domain.refunding import RefundDecision, RefundInput, Rest, decide_refund, reopened_by


class RefundState(StrEnum):
    CREATED = "created"
    """Written down; nothing has been sent."""
    SENT = "sent"
    """It may be on its way."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The gateway refused, or it was never sent: no money went back."""
    PENDING = "pending"
    """The gateway is working on it."""
    UNKNOWN = "unknown"
    """It may have happened; the gateway is asked until it says."""


OPEN_REFUND_STATES = frozenset(
    {RefundState.CREATED, RefundState.SENT, RefundState.PENDING, RefundState.UNKNOWN}
)
"""While a refund is in one of these, nothing else is done with its payment."""

_ENDS = frozenset({RefundState.SUCCEEDED, RefundState.FAILED})

REFUND_TRANSITIONS: Mapping[RefundState, frozenset[RefundState]] = {
    RefundState.CREATED: frozenset({RefundState.SENT, RefundState.FAILED}),
    RefundState.SENT: _ENDS | {RefundState.PENDING, RefundState.UNKNOWN},
    RefundState.UNKNOWN: _ENDS | {RefundState.PENDING},
    RefundState.PENDING: _ENDS,
    RefundState.FAILED: frozenset({RefundState.SUCCEEDED}),
    RefundState.SUCCEEDED: frozenset(),
}
"""Which state may follow which; a trigger of the database keeps to the same table."""


def after_seeing_refund(state: RefundState, seen: RefundState) -> RefundState:
    """The state after an observation; one that may not follow changes nothing."""
    return seen if seen in REFUND_TRANSITIONS[state] else state


def decide_refund_success(
    payment: PaymentState,
    wanted: RefundInput,
    *,
    on: date,
    allocations: Sequence[AllocationRow],
    invoices: Mapping[int, OpenInvoice],
    types: Mapping[Rest, TypeTerms],
    closed_until: date | None,
    not_owed_most: Money | None = None,
) -> RefundDecision:
    """What a refund that the gateway has carried out books, always.

    Dated ``on``, or the first open day where the books are closed beyond it. What the customer shall owe is
    at most what the refund re-opens as things stand now; ``not_owed_most`` is what was to be credited or
    written off when it was prepared, and what is re-opened beyond that is owed. So is all of it where there
    is no type left to credit or write off with.
    """
    day = max(on, payment.received_on)
    if closed_until is not None and closed_until >= day:
        day = closed_until + timedelta(days=1)
    owes = wanted.owes_afterwards if wanted.rest in types else None
    if owes is not None:
        reopened = reopened_by(payment, wanted.amount)
        least = reopened.minor - not_owed_most.minor if not_owed_most is not None else 0
        owes = Money(max(min(owes.minor, reopened.minor), least), owes.currency)
    applied: dict[int, int] = {}
    for row in allocations:
        applied[row.invoice_id] = applied.get(row.invoice_id, 0) + row.minor
    first = wanted.from_invoice_id
    return decide_refund(
        payment,
        replace(
            wanted,
            refunded_on=day,
            owes_afterwards=owes,
            from_invoice_id=first if first is not None and applied.get(first, 0) > 0 else None,
        ),
        on=day,
        allocations=allocations,
        invoices=invoices,
        types=types,
        closed_until=closed_until,
    )
