"""What happened, kept for listing and queued for the webhook in the transaction in which it happened."""

from datetime import timedelta
from sqlite3 import Connection, Row
from typing import Any

from duebook.gateways.sandbox.processor.book import instant, new_id, setting
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.paging import page_of

CONTRADICTION_AGE = timedelta(hours=1)


def record(call: Call, kind: str, object_kind: str, object_id: str, *, at: str = "") -> None:
    """Note an event and, where there is somebody to tell, queue it."""
    event_id = new_id("evt")
    call.db.execute(
        "INSERT INTO events (id, type, object_kind, object_id, created_at) VALUES (?, ?, ?, ?, ?)",
        (event_id, kind, object_kind, object_id, at or call.at),
    )
    call.events.append(event_id)
    queue_delivery(call.db, event_id)


def queue_delivery(db: Connection, event_id: str) -> None:
    """Queue an event, held back while events are held; nothing without an address."""
    if setting(db, "webhook_url"):
        state = "held" if setting(db, "webhooks_held") else "waiting"
        db.execute("INSERT INTO deliveries (event, state) VALUES (?, ?)", (event_id, state))


def deliver_twice(call: Call) -> None:
    """Queue again what this call has recorded."""
    for event_id in list(call.events):
        queue_delivery(call.db, event_id)


def contradict(call: Call) -> None:
    """After each success of this call an older failure of the same charge, as a confused sender would."""
    for event_id in list(call.events):
        row = call.db.execute("SELECT type, object_id FROM events WHERE id = ?", (event_id,)).fetchone()
        if row["type"] == "charge.succeeded":
            before = instant(call.now - CONTRADICTION_AGE)
            record(call, "charge.failed", "charge", row["object_id"], at=before)


def list_events(call: Call) -> dict[str, Any]:
    """The events since an instant, the oldest first."""
    return page_of(call, "events", event_view, since=call.moment("since", ""))


def event_view(row: Row, call: Call) -> dict[str, Any]:
    """An event as it is listed."""
    return event_message(call.db, row)


def event_message(db: Connection, row: Row) -> dict[str, Any]:
    """An event as it is sent."""
    return {
        "id": row["id"],
        "type": row["type"],
        "object_kind": row["object_kind"],
        "object_id": row["object_id"],
        "created_at": row["created_at"],
        "account": setting(db, "account"),
        "live": False,
    }
