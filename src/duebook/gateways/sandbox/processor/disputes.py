"""Disputes: opened, won and lost by a control call. The money moves when one is lost."""

from sqlite3 import Row
from typing import Any

from duebook.gateways.sandbox.processor import events
from duebook.gateways.sandbox.processor.book import new_id
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.charges import find_charge
from duebook.gateways.sandbox.processor.movements import record_movement
from duebook.gateways.sandbox.processor.refusals import Refusal, no_such

FEE_MINOR = 1500


def open_dispute(call: Call) -> dict[str, Any]:
    """The customer's bank asks for what is left of a charge."""
    charge = find_charge(call, call.required_text("charge"))
    left_minor = charge["captured_minor"] - charge["refunded_minor"]
    known = call.db.execute("SELECT 1 FROM disputes WHERE charge = ?", (charge["id"],)).fetchone()
    if not left_minor or known:
        raise Refusal(400, "not_disputable", "Nothing is left to dispute, or it was disputed before.")
    dispute_id = new_id("dp")
    call.db.execute(
        "INSERT INTO disputes (id, charge, outcome, amount_minor, currency, fee_minor, reason, opened_at)"
        " VALUES (?, ?, 'open', ?, ?, ?, ?, ?)",
        (
            *(dispute_id, charge["id"], left_minor, charge["currency"], FEE_MINOR),
            *(call.text("reason") or "fraudulent", call.at),
        ),
    )
    events.record(call, "dispute.opened", "dispute", dispute_id)
    return fetch_dispute(call, dispute_id)


def decide_dispute(call: Call, dispute_id: str) -> dict[str, Any]:
    """It is won or lost, once."""
    dispute = _find(call, dispute_id)
    outcome = call.required_text("outcome")
    if outcome not in {"won", "lost"} or dispute["outcome"] != "open":
        raise Refusal(400, "not_open", "An open dispute is won or lost.")
    call.db.execute("UPDATE disputes SET outcome = ? WHERE id = ?", (outcome, dispute_id))
    if outcome == "lost":
        charge = find_charge(call, dispute["charge"])
        record_movement(call, "dispute", charge, dispute, -dispute["amount_minor"])
    events.record(call, f"dispute.{outcome}", "dispute", dispute_id)
    return fetch_dispute(call, dispute_id)


def fetch_dispute(call: Call, dispute_id: str) -> dict[str, Any]:
    """The dispute as it is now."""
    return dispute_view(_find(call, dispute_id))


def dispute_view(dispute: Row) -> dict[str, Any]:
    """A dispute as the API shows it."""
    shown = (
        *("id", "charge", "outcome", "amount_minor", "currency", "fee_minor", "reason", "opened_at"),
        "settlement",
    )
    return {name: dispute[name] for name in shown}


def _find(call: Call, dispute_id: str) -> Row:
    row: Row | None = call.db.execute("SELECT * FROM disputes WHERE id = ?", (dispute_id,)).fetchone()
    if row is None:
        raise no_such("dispute", dispute_id)
    return row
