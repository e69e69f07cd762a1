"""Stripe's objects, as plain dictionaries, read into what Duebook calls them.

A field that Stripe leaves out in some state or version is taken as empty. Without an id, an amount, a
currency or a known status nothing is read, and the adapter reports OutcomeUnknown.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from duebook.domain.settlements import LineKind
from duebook.gateways.protocol import (
    DisputeOutcome,
    Outcome,
    RefundOutcome,
    SeenCard,
    SeenCharge,
    SeenDispute,
    SeenRefund,
    SeenSettlement,
    SettlementLine,
    SetupOutcome,
)
from duebook.gateways.stripe.amounts import from_stripe, nearest
from duebook.gateways.stripe.declines import decline

Object = Mapping[str, Any]

REFERENCE = "duebook_reference"
"""The key of Duebook's name for an object in its metadata; other programs on the account have their own."""

DEBTS = "duebook_debts"
"""What a charge pays of which invoice."""

PRIVATE = frozenset(
    ["client_secret", "next_action", "receipt_url", "receipt_email", "billing_details", "shipping"]
)
"""Never kept: secrets, addresses that hold one, and what is known of the customer anyway."""

CHARGE_OUTCOMES = {
    "requires_payment_method": Outcome.NOT_CONFIRMED,
    "requires_confirmation": Outcome.NOT_CONFIRMED,
    "requires_action": Outcome.REQUIRES_ACTION,
    "processing": Outcome.PROCESSING,
    "requires_capture": Outcome.PROCESSING,
    "succeeded": Outcome.SUCCEEDED,
    "canceled": Outcome.CANCELLED,
}

REFUND_OUTCOMES = {
    "succeeded": RefundOutcome.SUCCEEDED,
    "failed": RefundOutcome.FAILED,
    "canceled": RefundOutcome.FAILED,
}
"""Any other status, and none, is one of waiting."""

DISPUTE_OUTCOMES = {
    "won": DisputeOutcome.WON,
    "warning_closed": DisputeOutcome.WON,
    "prevented": DisputeOutcome.WON,
    "lost": DisputeOutcome.LOST,
}
"""Any other status is one of waiting."""

PREVENTED = "prevented"
"""Nobody disputes any more; where the network gave the customer the money back for that, it is lost."""

LINE_KINDS = {
    "charge": LineKind.CHARGE,
    "charge_failure": LineKind.CHARGE_FAILED,
    "refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_REVERSED,
    "payout_reversal": LineKind.SETTLEMENT_RETURNED,
    "fee": LineKind.FEE,
}
"""By Stripe's reporting category: https://docs.stripe.com/reports/reporting-categories"""

PAYOUT_FAILED = "failed"
SETTLED = frozenset(["paid", PAYOUT_FAILED])
"""The statuses of a payout that has come to its end; one that was cancelled was ordered by hand."""

STILL_COUNTED = "in_progress"
"""The reconciliation status of a payout of which Stripe does not yet name all balance transactions."""

SETUP_OUTCOMES = {"succeeded": SetupOutcome.SAVED, "canceled": SetupOutcome.CANCELLED}


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def reference(found: Object) -> str:
    """Duebook's name for the object; empty for one that others made."""
    return str((found.get("metadata") or {}).get(REFERENCE, ""))


def without_secrets(value: Any) -> Any:
    """A copy without what must not be kept, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_secrets(part) for key, part in value.items() if key not in PRIVATE}
    if isinstance(value, list):
        return [without_secrets(part) for part in value]
    return value


def identifier(value: Any) -> str:
    """The id of a field that holds an object or only its id."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return value or ""


def card(method: Object, *, customer: str = "") -> SeenCard:
    """A payment method of the kind card."""
    shown = method["card"]
    return SeenCard(
        token=method["id"],
        customer=identifier(method.get("customer")) or customer,
        brand=shown.get("brand") or "",
        last_four=shown.get("last4") or "",
        exp_month=shown["exp_month"],
        exp_year=shown["exp_year"],
        fingerprint=shown.get("fingerprint") or "",
    )


def charge(intent: Object) -> SeenCharge:
    """A PaymentIntent, best with its latest charge and payment method written out."""
    outcome = CHARGE_OUTCOMES[intent["status"]]
    error = intent.get("last_payment_error")
    if error and intent["status"] == "requires_payment_method":
        outcome = Outcome.DECLINED
    latest = _object(intent.get("latest_charge"))
    currency = intent["currency"]
    captured = _captured(intent, latest) if outcome is Outcome.SUCCEEDED else 0
    return SeenCharge(
        id=intent["id"],
        outcome=outcome,
        amount=from_stripe(intent["amount"], currency),
        reference=reference(intent),
        created_at=instant(intent["created"]),
        captured_minor=from_stripe(captured, currency).minor,
        refunded_minor=from_stripe(latest.get("amount_refunded") or 0, currency).minor,
        fee_minor=_fee(latest, currency),
        decline=decline(error) if error and outcome is Outcome.DECLINED else None,
        action_url=_action_url(intent),
        card=_card_of(intent),
        live=bool(intent.get("livemode")),
        debts=str((intent.get("metadata") or {}).get(DEBTS, "")),
        raw=without_secrets(intent),
    )


def _object(value: Any) -> Object:
    """A field's object; empty where there is none or only its id."""
    return value if isinstance(value, Mapping) else {}


def _captured(intent: Object, latest: Object) -> int:
    for amount in (intent.get("amount_received"), latest.get("amount_captured")):
        if amount is not None:
            return int(amount)
    return int(intent["amount"])


def _fee(latest: Object, currency: str) -> int:
    """Stripe's fee; one in another currency than the charge's is told by the settlement alone."""
    booked = _object(latest.get("balance_transaction"))
    if booked.get("currency") != currency:
        return 0
    return nearest(booked.get("fee") or 0, currency).minor


def _action_url(intent: Object) -> str:
    action = intent.get("next_action") or {}
    return str((action.get("redirect_to_url") or {}).get("url") or "")


def _card_of(intent: Object) -> SeenCard | None:
    method = _object(intent.get("payment_method"))
    return card(method, customer=identifier(intent.get("customer"))) if method.get("card") else None


def refund(found: Object) -> SeenRefund:
    """A Refund."""
    return SeenRefund(
        id=found["id"],
        charge_id=identifier(found.get("payment_intent")),
        outcome=REFUND_OUTCOMES.get(found["status"], RefundOutcome.PROCESSING),
        amount=from_stripe(found["amount"], found["currency"]),
        reference=reference(found),
        created_at=instant(found["created"]),
        reason=found.get("failure_reason") or "",
        raw=without_secrets(found),
    )


def dispute(found: Object) -> SeenDispute:
    """A Dispute; its balance transactions say what it took, and gave back: an inquiry has none.

    Those of an account that keeps another currency tell only whether the money is gone.
    """
    currency = found["currency"]
    booked = found.get("balance_transactions") or []
    fees = sum(part["fee"] for part in booked if part.get("currency") == currency)
    gone = -sum(part["amount"] for part in booked)
    if any(part.get("currency") != currency for part in booked):
        gone = found["amount"] if gone > 0 else 0
    outcome = DISPUTE_OUTCOMES.get(found["status"], DisputeOutcome.OPEN)
    if found["status"] == PREVENTED and gone > 0:
        outcome = DisputeOutcome.LOST
    due_by = (found.get("evidence_details") or {}).get("due_by")
    return SeenDispute(
        id=found["id"],
        charge_id=identifier(found.get("payment_intent")),
        outcome=outcome,
        amount=from_stripe(found["amount"], currency),
        taken_minor=nearest(min(max(gone, 0), found["amount"]), currency).minor,
        fee_minor=nearest(max(fees, 0), currency).minor,
        reason=found.get("reason") or "",
        opened_at=instant(found["created"]),
        answer_by=instant(due_by) if due_by else None,
        raw=without_secrets(found),
    )


def setup_outcome(intent: Object) -> SetupOutcome:
    """What became of a SetupIntent; one that was declined waits for another card all the same."""
    if intent["status"] == "requires_payment_method" and intent.get("last_setup_error"):
        return SetupOutcome.DECLINED
    return SETUP_OUTCOMES.get(intent["status"], SetupOutcome.WAITING)


def is_settled(payout: Object) -> bool:
    """Whether a payout has come to its end, and Stripe names all that it consists of."""
    return payout["status"] in SETTLED and payout.get("reconciliation_status") != STILL_COUNTED


def settlement(payout: Object, entries: Iterable[Object]) -> SeenSettlement:
    """A Payout with the balance transactions that it consists of, which a manual one does not name.

    Stripe puts the amount of one that failed back into the balance, and pays it with a later one. What its
    amounts have beyond our smallest unit is rounded: what the lines then leave open is told as not explained.
    """
    currency = payout["currency"]
    net = nearest(payout["amount"], currency).minor
    lines = tuple(
        settlement_line(entry) for entry in entries if identifier(entry.get("source")) != payout["id"]
    )
    fee = sum(line.fee_minor for line in lines)
    return SeenSettlement(
        id=payout["id"],
        currency=currency.upper(),
        gross_minor=sum(line.gross_minor for line in lines) if lines else net,
        fee_minor=fee,
        net_minor=net,
        paid_on=instant(payout["arrival_date"]).date(),
        lines=lines,
        returned_on=_failed_on(payout),
        return_reason=payout.get("failure_message") or payout.get("failure_code") or "",
    )


def _failed_on(payout: Object) -> date | None:
    """When Stripe took the amount of a failed payout back; told without that, the day of its arrival."""
    if payout["status"] != PAYOUT_FAILED:
        return None
    back = _object(payout.get("failure_balance_transaction"))
    return instant(back.get("created") or payout["arrival_date"]).date()


def settlement_line(entry: Object) -> SettlementLine:
    """One balance transaction; a fee that Stripe books by itself is a fee and not a negative gross.

    Stripe takes its fee for a dispute with the disputed amount, in the same entry.
    """
    currency = entry["currency"]
    amount = nearest(entry["amount"], currency).minor
    fee = nearest(entry.get("fee") or 0, currency).minor
    kind = LINE_KINDS.get(entry.get("reporting_category") or "", LineKind.OTHER)
    if kind is LineKind.FEE:
        amount, fee = 0, fee - amount
    return SettlementLine(_settled_object(entry.get("source")), amount, fee, kind, _settled_charge(entry))


def _settled_object(source: Any) -> str:
    """The id under which Duebook knows it: a charge goes by its PaymentIntent's."""
    found = _object(source)
    if found.get("object") == "charge" and found.get("payment_intent"):
        return identifier(found["payment_intent"])
    return identifier(source)


def _settled_charge(entry: Object) -> str:
    """The charge that the entry goes back to: a charge's, a refund's and a dispute's name it."""
    return identifier(_object(entry.get("source")).get("payment_intent"))
