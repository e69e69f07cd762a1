"""What the gateway says, in the words of a charge's life; and the charge as it is sent."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from duebook.domain.charging import ChargeState
from duebook.domain.money import Money
from duebook.gateways.protocol import ChargeRequest, Decline, Outcome, SeenCharge
from duebook.ledger.currencies import format_money
from duebook.payments.models import Charge

_STATE_OF = {
    Outcome.NOT_CONFIRMED: ChargeState.SENT,
    Outcome.PROCESSING: ChargeState.PENDING,
    Outcome.REQUIRES_ACTION: ChargeState.REQUIRES_ACTION,
    Outcome.SUCCEEDED: ChargeState.SUCCEEDED,
    Outcome.DECLINED: ChargeState.DECLINED,
    Outcome.CANCELLED: ChargeState.NOT_PERFORMED,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation of a charge: the state it speaks for, and what stands with it."""

    state: ChargeState
    gateway_id: str = ""
    captured: Money | None = None
    decline: Decline | None = None
    action_url: str = ""
    problem: str = ""
    happened_on: date | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def request_of(charge: Charge) -> ChargeRequest:
    """The charge as it is sent, the same each time."""
    return ChargeRequest(
        key=charge.key,
        reference=charge.reference,
        amount=Money(charge.amount_minor, charge.currency),
        customer=charge.customer,
        token=charge.token,
        description=charge.description,
        debts=charge.debts,
        customer_present=charge.customer_present,
    )


def seen_of(charge: Charge, answer: SeenCharge) -> Seen:
    """The observation in an answer; one that is about other money speaks for nothing but a problem."""
    if problem := _mismatch(charge, answer):
        return Seen(ChargeState.UNKNOWN, problem=problem, payload=dict(answer.raw))
    return Seen(
        state=_STATE_OF[answer.outcome],
        gateway_id=answer.id,
        captured=Money(answer.captured_minor, answer.amount.currency)
        if answer.outcome is Outcome.SUCCEEDED
        else None,
        decline=answer.decline,
        action_url=answer.action_url,
        payload=dict(answer.raw),
    )


def _mismatch(charge: Charge, answer: SeenCharge) -> str:
    """Why the answer cannot be about this charge; empty when it can."""
    expected = Money(charge.amount_minor, charge.currency)
    if answer.reference != charge.reference:
        return f"The processor's {answer.id} names {answer.reference or 'nothing'}, not {charge.reference}."
    if charge.gateway_id and answer.id != charge.gateway_id:
        return f"The processor answered with {answer.id} instead of {charge.gateway_id}."
    if answer.amount != expected:
        return f"The processor says {format_money(answer.amount)}, not {format_money(expected)}."
    if answer.outcome is Outcome.SUCCEEDED and answer.captured_minor != expected.minor:
        captured = Money(answer.captured_minor, expected.currency)
        return f"The processor took {format_money(captured)} of {format_money(expected)}."
    if answer.live != charge.merchant_account.live:
        return "The processor answered in another mode (test or live) than that of the merchant account."
    return ""
