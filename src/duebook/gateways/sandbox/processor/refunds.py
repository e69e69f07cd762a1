"""Refunds, and voids, which take a whole charge back before it is settled."""

from sqlite3 import Row
from typing import Any

from duebook.gateways.sandbox.processor import events
from duebook.gateways.sandbox.processor.book import new_id
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.charges import find_charge
from duebook.gateways.sandbox.processor.movements import record_movement
from duebook.gateways.sandbox.processor.refusals import Refusal, no_such


def refund_charge(call: Call, charge_id: str) -> dict[str, Any]:
    """Give back a part or all of what is left of a charge."""
    charge, amount_minor = _returnable(call, charge_id)
    left_minor = charge["captured_minor"] - charge["refunded_minor"]
    if amount_minor > left_minor:
        raise Refusal(400, "above_captured", f"Only {left_minor} minor units are left to give back.")
    return _give_back(call, charge, "refund", amount_minor)


def void_charge(call: Call, charge_id: str) -> dict[str, Any]:
    """Take all of a charge back, so that it costs nothing and never reaches a settlement."""
    charge, amount_minor = _returnable(call, charge_id)
    if amount_minor != charge["captured_minor"] or charge["refunded_minor"]:
        raise Refusal(400, "void_is_whole", "Only a whole charge, of which nothing was refunded, is voided.")
    if charge["settlement"]:
        raise Refusal(400, "already_settled", "The charge was settled; refund it.")
    call.db.execute("UPDATE charges SET voided = 1, fee_minor = 0 WHERE id = ?", (charge_id,))
    return _give_back(call, charge, "void", amount_minor)


def fetch_refund(call: Call, refund_id: str) -> dict[str, Any]:
    """The refund as it is now."""
    row = call.db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    if row is None:
        raise no_such("refund", refund_id)
    return refund_view(row)


def list_refunds(call: Call, charge_id: str) -> dict[str, Any]:
    """All refunds of a charge, the oldest first."""
    find_charge(call, charge_id)
    rows = call.db.execute("SELECT * FROM refunds WHERE charge = ? ORDER BY seq", (charge_id,))
    return {"refunds": [refund_view(row) for row in rows]}


def refund_view(refund: Row) -> dict[str, Any]:
    """A refund as the API shows it; here every one succeeds at once."""
    shown = ("id", "charge", "kind", "amount_minor", "currency", "reference", "created_at", "settlement")
    return {**{name: refund[name] for name in shown}, "outcome": "succeeded"}


def _returnable(call: Call, charge_id: str) -> tuple[Row, int]:
    charge = find_charge(call, charge_id)
    amount_minor = call.amount_minor()
    if call.required_text("currency") != charge["currency"]:
        raise Refusal(400, "currency_differs", f"The charge is in {charge['currency']}.")
    if charge["outcome"] != "succeeded":
        raise Refusal(400, "not_captured", "Nothing was captured.")
    disputed = call.db.execute(
        "SELECT 1 FROM disputes WHERE charge = ? AND outcome <> 'won'", (charge_id,)
    ).fetchone()
    if disputed:
        raise Refusal(400, "disputed", "The money is disputed.")
    return charge, amount_minor


def _give_back(call: Call, charge: Row, kind: str, amount_minor: int) -> dict[str, Any]:
    refund_id = new_id("re")
    call.db.execute(
        "UPDATE charges SET refunded_minor = refunded_minor + ? WHERE id = ?", (amount_minor, charge["id"])
    )
    call.db.execute(
        "INSERT INTO refunds (id, charge, key, reference, kind, amount_minor, currency, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(refund_id, charge["id"], call.key, call.required_text("reference"), kind),
            *(amount_minor, charge["currency"], call.at),
        ),
    )
    refund = call.db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    record_movement(call, kind, charge, refund, -amount_minor)
    events.record(call, "refund.succeeded", "refund", refund_id)
    return refund_view(refund)
