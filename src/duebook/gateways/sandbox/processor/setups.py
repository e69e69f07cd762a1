"""Customers and their cards. A card is typed into the page of a setup, never sent through the API."""

from sqlite3 import Row
from typing import Any

from duebook.gateways.sandbox.processor import events
from duebook.gateways.sandbox.processor.book import new_id, setting
from duebook.gateways.sandbox.processor.call import Call, web_address
from duebook.gateways.sandbox.processor.cards import DECLINES, Behaviour, CardRefused, read_card
from duebook.gateways.sandbox.processor.charges import card_view, decline_view
from duebook.gateways.sandbox.processor.refusals import Refusal, no_such


def create_customer(call: Call) -> dict[str, Any]:
    """Someone whose cards are kept."""
    customer_id = new_id("cus")
    call.db.execute(
        "INSERT INTO customers VALUES (?, ?, ?, ?)",
        (customer_id, call.text("name"), call.text("email"), call.at),
    )
    return {"id": customer_id, "name": call.text("name"), "email": call.text("email")}


def begin_setup(call: Call) -> dict[str, Any]:
    """A page on which a customer, a new one where none is named, can save one card."""
    return_url = call.text("return_url")
    if return_url and not web_address(return_url):
        raise Refusal(400, "parameter_invalid", "return_url is an address of the web.")
    customer_id = call.text("customer") or create_customer(call)["id"]
    if not call.db.execute("SELECT 1 FROM customers WHERE id = ?", (customer_id,)).fetchone():
        raise no_such("customer", customer_id)
    setup_id = new_id("seti")
    call.db.execute(
        "INSERT INTO setups (id, customer, reference, return_url, outcome, created_at)"
        " VALUES (?, ?, ?, ?, 'waiting', ?)",
        (setup_id, customer_id, call.text("reference"), return_url, call.at),
    )
    return fetch_setup(call, setup_id)


def fetch_setup(call: Call, setup_id: str) -> dict[str, Any]:
    """What has become of it."""
    setup = find_setup(call, setup_id)
    card = call.db.execute("SELECT * FROM cards WHERE token = ?", (setup["card"],)).fetchone()
    return {
        "id": setup["id"],
        "outcome": setup["outcome"],
        "customer": setup["customer"],
        "reference": setup["reference"],
        "page_url": f"{call.origin}/setup/{setup['id']}",
        "card": card_view(card) if card else None,
        "decline": decline_view(setup["decline"]),
        "created_at": setup["created_at"],
    }


def save_card(call: Call, setup_id: str) -> str:
    """Save what the customer typed; returns what to tell them, empty once the card is saved.

    A card that the bank refuses leaves the setup declined; another may be tried on the same page.
    """
    setup = find_setup(call, setup_id)
    if setup["outcome"] == "saved":
        return ""
    try:
        card = read_card(
            number=call.text("number"),
            expiry=call.text("expiry"),
            code=call.text("code"),
            salt=setting(call.db, "fingerprint_salt"),
            now=call.now,
        )
    except CardRefused as refused:
        return str(refused)
    if card.behaviour is Behaviour.REFUSED_WHEN_SAVED:
        call.db.execute(
            "UPDATE setups SET outcome = 'declined', decline = ? WHERE id = ?",
            (card.behaviour.value, setup_id),
        )
        events.record(call, "setup.declined", "setup", setup_id)
        return f"{DECLINES[card.behaviour.value]} Try another one."
    token = new_id("card")
    call.db.execute(
        "INSERT INTO cards (token, customer, behaviour, brand, last_four, exp_month, exp_year, fingerprint)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(token, setup["customer"], card.behaviour.value, card.brand, card.last_four),
            *(card.exp_month, card.exp_year, card.fingerprint),
        ),
    )
    call.db.execute(
        "UPDATE setups SET outcome = 'saved', card = ?, decline = '' WHERE id = ?", (token, setup_id)
    )
    events.record(call, "setup.saved", "setup", setup_id)
    return ""


def forget_card(call: Call, token: str) -> dict[str, Any]:
    """No charge is made on it any more."""
    if not call.db.execute("UPDATE cards SET forgotten = 1 WHERE token = ?", (token,)).rowcount:
        raise no_such("card", token)
    return {"token": token, "forgotten": True}


def find_setup(call: Call, setup_id: str) -> Row:
    """Its row."""
    row: Row | None = call.db.execute("SELECT * FROM setups WHERE id = ?", (setup_id,)).fetchone()
    if row is None:
        raise no_such("setup", setup_id)
    return row
