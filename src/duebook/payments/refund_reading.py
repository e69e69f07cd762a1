"""What the gateway says of a refund, in the words of its life."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from duebook.domain.gateway_refunds import RefundState
from duebook.domain.money import Money
from duebook.domain.refunding import RefundInput, RefundMeans, Rest
from duebook.gateways.protocol import RefundOutcome, SeenRefund
from duebook.ledger.currencies import format_money
from duebook.payments.models import GatewayRefund

_STATE_OF = {
    RefundOutcome.PROCESSING: RefundState.PENDING,
    RefundOutcome.SUCCEEDED: RefundState.SUCCEEDED,
    RefundOutcome.FAILED: RefundState.FAILED,
}


@dataclass(frozen=True, slots=True)
class SeenState:
    """One observation of a refund: the state it speaks for, and what stands with it."""

    state: RefundState
    gateway_id: str = ""
    problem: str = ""
    happened_on: date | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def seen_of_refund(attempt: GatewayRefund, answer: SeenRefund) -> SeenState:
    """The observation in an answer; one that is about other money speaks for nothing but a problem.

    A refund that was made at the gateway itself has no name of ours there: its id tells it.
    """
    expected = Money(attempt.amount_minor, attempt.currency)
    problem = ""
    if answer.reference != attempt.reference and answer.id != attempt.gateway_id:
        problem = (
            f"The processor's {answer.id} names {answer.reference or 'nothing'}, not {attempt.reference}."
        )
    elif answer.amount != expected:
        problem = f"The processor says {format_money(answer.amount)}, not {format_money(expected)}."
    if problem:
        return SeenState(RefundState.UNKNOWN, problem=problem, payload=dict(answer.raw))
    return SeenState(
        _STATE_OF[answer.outcome],
        gateway_id=answer.id,
        problem=answer.reason if answer.outcome is RefundOutcome.FAILED else "",
        payload=dict(answer.raw),
    )


def wanted_of(attempt: GatewayRefund) -> RefundInput:
    """What was asked for when the attempt was prepared; its date is that of the settling."""
    plain = attempt.wanted
    return wanted_from(plain, attempt.amount_minor, attempt.currency, attempt.prepared_at.date())


def not_owed_of(attempt: GatewayRefund) -> Money | None:
    """What was to be credited or written off when it was prepared; older attempts do not say."""
    minor = attempt.wanted.get("not_owed_minor")
    return None if minor is None else Money(minor, attempt.currency)


def wanted_from(plain: dict[str, Any], amount_minor: int, currency: str, refunded_on: date) -> RefundInput:
    """What ``wanted_as_json`` made plain, to be given back through the gateway."""
    owes = plain["owes_minor"]
    return RefundInput(
        amount=Money(amount_minor, currency),
        refunded_on=refunded_on,
        account_id=plain["account_id"],
        reason=plain["reason"],
        owes_afterwards=None if owes is None else Money(owes, currency),
        rest=Rest(plain["rest"]),
        means=RefundMeans.GATEWAY,
        reference=plain["reference"],
        from_invoice_id=plain["from_invoice_id"],
    )


def wanted_as_json(wanted: RefundInput) -> dict[str, Any]:
    """Plain values that ``wanted_from`` reads back."""
    return {
        "account_id": wanted.account_id,
        "reason": wanted.reason,
        "owes_minor": None if wanted.owes_afterwards is None else wanted.owes_afterwards.minor,
        "rest": wanted.rest.value,
        "reference": wanted.reference,
        "from_invoice_id": wanted.from_invoice_id,
    }
