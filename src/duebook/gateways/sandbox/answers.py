"""The sandbox's JSON in the words of the protocol. What cannot be read is an OutcomeUnknown."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from duebook.domain.money import Money
from duebook.domain.settlements import LineKind
from duebook.gateways.protocol import (
    Decline,
    DeclineClass,
    DisputeOutcome,
    GatewayEvent,
    ObjectKind,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
    SeenAccount,
    SeenCard,
    SeenCharge,
    SeenDispute,
    SeenRefund,
    SeenSettlement,
    SeenSetup,
    SettlementLine,
    SetupOutcome,
)

Seen = TypeVar("Seen")
Values = Mapping[str, Any]

OUTCOMES = {
    "not_confirmed": Outcome.NOT_CONFIRMED,
    "requires_action": Outcome.REQUIRES_ACTION,
    "succeeded": Outcome.SUCCEEDED,
    "declined": Outcome.DECLINED,
    "cancelled": Outcome.CANCELLED,
}

DECLINE_CLASSES = {
    "insufficient_funds": DeclineClass.INSUFFICIENT_FUNDS,
    "expired_card": DeclineClass.EXPIRED,
    "stolen_card": DeclineClass.STOLEN,
    "never_approve": DeclineClass.NEVER_APPROVE,
    "authentication_failed": DeclineClass.AUTHENTICATION_REQUIRED,
}


def read(view: Callable[[Values], Seen], values: Values) -> Seen:
    """What the values say. Raises OutcomeUnknown where something is missing or of the wrong kind."""
    try:
        return view(values)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown("The card processor's answer cannot be read.") from error


def charge(values: Values) -> SeenCharge:
    return SeenCharge(
        id=text(values["id"]),
        outcome=OUTCOMES[values["outcome"]],
        amount=money(values),
        reference=values["reference"],
        created_at=datetime.fromisoformat(values["created_at"]),
        captured_minor=whole(values["captured_minor"]),
        refunded_minor=whole(values["refunded_minor"]),
        fee_minor=whole(values["fee_minor"]),
        decline=decline(values["decline"]),
        action_url=values["action_url"],
        card=card(values["card"]),
        live=values["live"],
        debts=text(values.get("debts", "")),
        raw=values,
    )


def refund(values: Values) -> SeenRefund:
    return SeenRefund(
        id=text(values["id"]),
        charge_id=values["charge"],
        outcome=RefundOutcome(values["outcome"]),
        amount=money(values),
        reference=values["reference"],
        created_at=datetime.fromisoformat(values["created_at"]),
        reason=text(values["failure_reason"]),
        raw=values,
    )


def dispute(values: Values) -> SeenDispute:
    """The sandbox takes the amount and its fee when a dispute is lost, and nothing before."""
    is_lost = DisputeOutcome(values["outcome"]) is DisputeOutcome.LOST
    return SeenDispute(
        id=text(values["id"]),
        charge_id=values["charge"],
        outcome=DisputeOutcome(values["outcome"]),
        amount=money(values),
        taken_minor=whole(values["amount_minor"]) if is_lost else 0,
        fee_minor=whole(values["fee_minor"]) if is_lost else 0,
        reason=values["reason"],
        opened_at=datetime.fromisoformat(values["opened_at"]),
        raw=values,
    )


def setup(values: Values) -> SeenSetup:
    return SeenSetup(
        id=text(values["id"]),
        outcome=SetupOutcome(values["outcome"]),
        customer=values["customer"],
        reference=values["reference"],
        card=card(values["card"]),
        decline=decline(values["decline"]),
    )


def settlement(values: Values) -> SeenSettlement:
    return SeenSettlement(
        id=text(values["id"]),
        currency=values["currency"],
        gross_minor=whole(values["gross_minor"]),
        fee_minor=whole(values["fee_minor"]),
        net_minor=whole(values["net_minor"]),
        paid_on=date.fromisoformat(values["paid_on"]),
        lines=tuple(
            SettlementLine(
                object_id=text(line["object_id"]),
                gross_minor=whole(line["gross_minor"]),
                fee_minor=whole(line["fee_minor"]),
                kind=LineKind(text(line["kind"])),
                charge_id=text(line["charge"]),
            )
            for line in values["lines"]
        ),
        returned_on=_day(values.get("returned_on")),
        return_reason=text(values.get("return_reason", "")),
    )


def event(values: Values) -> GatewayEvent:
    return GatewayEvent(
        id=text(values["id"]),
        kind=text(values["type"]),
        object_kind=object_kind(text(values["object_kind"])),
        object_id=text(values["object_id"]),
        occurred_at=datetime.fromisoformat(values["created_at"]),
        live=values["live"],
    )


def account(values: Values) -> SeenAccount:
    return SeenAccount(
        id=text(values["id"]),
        name=values["name"],
        live=values["live"],
        currencies=frozenset(values["currencies"]),
    )


def card(values: Values | None) -> SeenCard | None:
    return None if values is None else SeenCard(**values)


def decline(values: Values | None) -> Decline | None:
    if values is None:
        return None
    kind = DECLINE_CLASSES.get(values["code"], DeclineClass.OTHER)
    return Decline(kind=kind, code=values["code"], message=values["message"])


def money(values: Values) -> Money:
    return Money(values["amount_minor"], values["currency"])


def object_kind(name: str) -> ObjectKind:
    """Its kind; OTHER for one that a later sandbox may send."""
    try:
        return ObjectKind(name)
    except ValueError:
        return ObjectKind.OTHER


def _day(value: str | None) -> date | None:
    """None for none, and of a sandbox that says nothing of it."""
    return date.fromisoformat(value) if value else None


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
