"""Charges: made without moving money, then confirmed once or cancelled.

    not_confirmed --confirm--> succeeded | declined | requires_action
    requires_action --authenticate--> succeeded | declined
    not_confirmed, requires_action --cancel--> cancelled

Whatever is asked of a charge that has come to its end, the answer is the charge as it is.
"""

from sqlite3 import Row
from typing import Any

from duebook.gateways.sandbox.processor import events
from duebook.gateways.sandbox.processor.book import new_id
from duebook.gateways.sandbox.processor.call import Call, web_address
from duebook.gateways.sandbox.processor.cards import DECLINES, Behaviour, is_past
from duebook.gateways.sandbox.processor.movements import record_movement
from duebook.gateways.sandbox.processor.paging import END_OF_TIME, page_of
from duebook.gateways.sandbox.processor.refusals import Refusal, no_such

MINIMUM_MINOR = {"USD": 50, "EUR": 50}


def fee_of(amount_minor: int) -> int:
    """What a charge costs: 2.9 % half-up and 30 minor units. 5000 costs 145 + 30 = 175."""
    return (amount_minor * 29 + 500) // 1000 + 30


def create_charge(call: Call) -> dict[str, Any]:
    """A charge that nothing moves for yet."""
    amount_minor, currency = call.amount_minor(), call.required_text("currency")
    if currency not in call.currencies:
        raise Refusal(403, "currency_not_enabled", f"This account takes no {currency}.")
    if amount_minor < MINIMUM_MINOR.get(currency, 1):
        raise Refusal(400, "amount_too_small", f"The least is {MINIMUM_MINOR[currency]} minor units.")
    return_url = call.text("return_url")
    if return_url and not web_address(return_url):
        raise Refusal(400, "parameter_invalid", "return_url is an address of the web.")
    card = _card(call, call.required_text("customer"), call.required_text("card"))
    charge_id = new_id("ch")
    call.db.execute(
        "INSERT INTO charges (id, key, reference, amount_minor, currency, customer, card, description,"
        " outcome, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'not_confirmed', ?)",
        (
            *(charge_id, call.key, call.required_text("reference"), amount_minor, currency),
            *(card["customer"], card["token"], call.text("description"), call.at),
        ),
    )
    if return_url:
        call.db.execute("INSERT INTO ways_back VALUES (?, ?)", (charge_id, return_url))
    if debts := call.text("debts"):
        call.db.execute("INSERT INTO debts VALUES (?, ?)", (charge_id, debts))
    events.record(call, "charge.created", "charge", charge_id)
    return fetch_charge(call, charge_id)


def confirm_charge(call: Call, charge_id: str) -> dict[str, Any]:
    """Carry it out, if it still waits for that. The amount is said again and must be the same."""
    charge = find_charge(call, charge_id)
    if (call.amount_minor(), call.required_text("currency")) != (charge["amount_minor"], charge["currency"]):
        raise Refusal(400, "amount_differs", "The charge was made for another amount.")
    if charge["outcome"] != "not_confirmed":
        return charge_view(charge, call)
    card = _card(call, charge["customer"], charge["card"])
    if is_past(card["exp_month"], card["exp_year"], call.now):
        decline(call, charge, Behaviour.EXPIRED.value)
    elif card["behaviour"] == Behaviour.APPROVES:
        capture(call, charge)
    elif card["behaviour"] == Behaviour.AUTHENTICATION:
        call.db.execute("UPDATE charges SET outcome = 'requires_action' WHERE id = ?", (charge_id,))
        events.record(call, "charge.requires_action", "charge", charge_id)
    else:
        decline(call, charge, card["behaviour"])
    return fetch_charge(call, charge_id)


def capture(call: Call, charge: Row) -> None:
    """The money moves."""
    call.db.execute(
        "UPDATE charges SET outcome = 'succeeded', captured_minor = amount_minor, fee_minor = ? WHERE id = ?",
        (fee_of(charge["amount_minor"]), charge["id"]),
    )
    record_movement(call, "capture", charge, charge, charge["amount_minor"])
    events.record(call, "charge.succeeded", "charge", charge["id"])


def decline(call: Call, charge: Row, code: str) -> None:
    """The bank says no; another try is another charge."""
    call.db.execute("UPDATE charges SET outcome = 'declined', decline = ? WHERE id = ?", (code, charge["id"]))
    events.record(call, "charge.failed", "charge", charge["id"])


def cancel_charge(call: Call, charge_id: str) -> dict[str, Any]:
    """See to it that it never happens, unless it has."""
    charge = find_charge(call, charge_id)
    if charge["outcome"] in {"not_confirmed", "requires_action"}:
        call.db.execute("UPDATE charges SET outcome = 'cancelled' WHERE id = ?", (charge_id,))
        events.record(call, "charge.cancelled", "charge", charge_id)
    return fetch_charge(call, charge_id)


def fetch_charge(call: Call, charge_id: str) -> dict[str, Any]:
    """The charge as it is now."""
    return charge_view(find_charge(call, charge_id), call)


def list_charges(call: Call) -> dict[str, Any]:
    """The charges created in a span of time."""
    since, until = call.moment("since", ""), call.moment("until", END_OF_TIME)
    return page_of(call, "charges", charge_view, since=since, until=until)


def find_charge(call: Call, charge_id: str) -> Row:
    """Its row."""
    row: Row | None = call.db.execute("SELECT * FROM charges WHERE id = ?", (charge_id,)).fetchone()
    if row is None:
        raise no_such("charge", charge_id)
    return row


def way_back(call: Call, charge_id: str) -> str:
    """Where its customer goes after authenticating; empty for nowhere."""
    row = call.db.execute("SELECT return_url FROM ways_back WHERE charge = ?", (charge_id,)).fetchone()
    return str(row["return_url"]) if row else ""


def debts_of(call: Call, charge_id: str) -> str:
    """What whoever made it said that it pays."""
    row = call.db.execute("SELECT debts FROM debts WHERE charge = ?", (charge_id,)).fetchone()
    return str(row["debts"]) if row else ""


def charge_view(charge: Row, call: Call) -> dict[str, Any]:
    """A charge as the API shows it."""
    card = call.db.execute("SELECT * FROM cards WHERE token = ?", (charge["card"],)).fetchone()
    waits = charge["outcome"] == "requires_action"
    return {
        "id": charge["id"],
        "outcome": charge["outcome"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "reference": charge["reference"],
        "description": charge["description"],
        "debts": debts_of(call, charge["id"]),
        "created_at": charge["created_at"],
        "captured_minor": charge["captured_minor"],
        "refunded_minor": charge["refunded_minor"],
        "fee_minor": charge["fee_minor"],
        "decline": decline_view(charge["decline"]),
        "action_url": f"{call.origin}/authenticate/{charge['id']}" if waits else "",
        "card": card_view(card),
        "settlement": charge["settlement"],
        "live": False,
    }


def card_view(card: Row) -> dict[str, Any]:
    """A card as the API shows it: its token and what may be seen of it."""
    shown = ("token", "customer", "brand", "last_four", "exp_month", "exp_year", "fingerprint")
    return {name: card[name] for name in shown}


def decline_view(code: str) -> dict[str, str] | None:
    """A decline with its sentence, None where there was none."""
    return {"code": code, "message": DECLINES[code]} if code else None


def _card(call: Call, customer: str, token: str) -> Row:
    row: Row | None = call.db.execute(
        "SELECT * FROM cards WHERE token = ? AND customer = ? AND NOT forgotten", (token, customer)
    ).fetchone()
    if row is None:
        raise Refusal(400, "no_such_card", "The customer has no such card.")
    return row
