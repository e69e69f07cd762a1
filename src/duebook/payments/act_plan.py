"""What every act on a payment that exists writes alike: rows on invoices, transfers, commission steps."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from duebook.domain.commission_steps import CommissionStep, EntryCause
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, BalanceChange, PaymentState, sums_by_invoice
from duebook.domain.recording import Movement
from duebook.domain.reversing import Mirrored
from duebook.payments.plan import Plan


class Act(Protocol):
    """What was decided about a payment that exists."""

    @property
    def payment(self) -> PaymentState: ...

    @property
    def allocations(self) -> Sequence[AllocationRow]: ...

    @property
    def commissions(self) -> Sequence[CommissionStep]: ...


def plan_act(
    plan: Plan,
    act: Act,
    *,
    cause: EntryCause,
    mirrored: Iterable[Mirrored] = (),
    movements: Iterable[Movement] = (),
) -> None:
    """Put its allocations, its transfers and its commission steps into the plan.

    First the transfers that take back earlier ones. What the act does to the payment's counters is the
    caller's to say.
    """
    payment = act.payment
    for row in act.allocations:
        plan.allocate(
            payment_id=payment.id,
            invoice_id=row.invoice_id,
            minor=row.minor,
            counts=row.counts,
            is_money=payment.kind is PaymentKind.MONEY,
            applied_on=row.applied_on,
        )
    corrections = [(one.movement, one.corrects_id) for one in mirrored]
    for movement, corrects_id in [*corrections, *((one, None) for one in movements)]:
        plan.transfer(
            movement,
            currency=payment.currency,
            contact_id=payment.contact_id,
            payment_id=payment.id,
            corrects_id=corrects_id,
        )
    plan.step_commissions(
        act.commissions,
        cause=cause,
        currency=payment.currency,
        contact_id=payment.contact_id,
        payment_id=payment.id,
    )


def balances_told(balances: Iterable[BalanceChange]) -> list[dict[str, Any]]:
    """What an event says of the invoices whose balance changed."""
    return [
        {"invoice_id": one.invoice_id, "number": one.number, "balance_minor": one.after.minor}
        for one in balances
    ]


def allocations_told(
    allocations: Iterable[AllocationRow], balances: Iterable[BalanceChange]
) -> list[dict[str, int]]:
    """What an event says of how much was applied to each invoice, or taken off it."""
    numbers = {one.invoice_id: one.number for one in balances}
    return [
        {"invoice_id": pk, "number": numbers[pk], "amount_minor": abs(minor)}
        for pk, minor in sums_by_invoice(allocations).items()
    ]
