"""Refunds, and voids, which take a whole charge back before it is settled.

A refund succeeds at once. A control call lets it fail afterwards: the money is the business's again.
"""

from sqlite3 import Connection, Row
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
    return refund_view(call.db, _find(call, refund_id))


def list_refunds(call: Call, charge_id: str) -> dict[str, Any]:
    """All refunds of a charge, the oldest first."""
    find_charge(call, charge_id)
    rows = call.db.execute("SELECT * FROM refunds WHERE charge = ? ORDER BY seq", (charge_id,))
    return {"refunds": [refund_view(call.db, row) for row in rows]}


def fail_refund(call: Call, refund_id: str) -> dict[str, Any]:
    """The customer's bank sends it back, after it had succeeded."""
    refund = _find(call, refund_id)
    if refund["kind"] != "refund":
        raise Refusal(400, "not_refunded", "A void does not fail.")
    failure_id = new_id("rf")
    made = call.db.execute(
        "INSERT OR IGNORE INTO refund_failures"
        " (id, refund, charge, amount_minor, currency, reason, failed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(failure_id, refund_id, refund["charge"], refund["amount_minor"], refund["currency"]),
            *(call.text("reason") or "The account is closed.", call.at),
        ),
    )
    if not made.rowcount:
        raise Refusal(400, "already_failed", "It has failed before.")
    charge = find_charge(call, refund["charge"])
    call.db.execute(
        "UPDATE charges SET refunded_minor = refunded_minor - ? WHERE id = ?",
        (refund["amount_minor"], charge["id"]),
    )
    failure = call.db.execute("SELECT * FROM refund_failures WHERE id = ?", (failure_id,)).fetchone()
    record_movement(call, "refund failed", charge, failure, refund["amount_minor"])
    events.record(call, "refund.failed", "refund", refund_id)
    return refund_view(call.db, refund)


def refund_view(db: Connection, refund: Row) -> dict[str, Any]:
    """A refund as the API shows it."""
    failure = db.execute("SELECT reason FROM refund_failures WHERE refund = ?", (refund["id"],)).fetchone()
    shown = ("id", "charge", "kind", "amount_minor", "currency", "reference", "created_at", "settlement")
    return {
        **{name: refund[name] for name in shown},
        "outcome": "failed" if failure else "succeeded",
        "failure_reason": failure["reason"] if failure else "",
    }


def _find(call: Call, refund_id: str) -> Row:
    row: Row | None = call.db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    if row is None:
        raise no_such("refund", refund_id)
    return row


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
    return refund_view(call.db, refund)
