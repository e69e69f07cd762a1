"""All that the book says, for tests and for looking at: never part of what a processor would offer."""

from typing import Any

from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.charges import charge_view
from duebook.gateways.sandbox.processor.disputes import dispute_view
from duebook.gateways.sandbox.processor.refunds import refund_view
from duebook.gateways.sandbox.processor.settlements import settlement_view

MOVEMENT = ("at", "kind", "object_id", "charge", "reference", "key", "amount_minor", "currency")


def whole_book(call: Call) -> dict[str, Any]:
    """Everything in the order in which it came; a movement names the request's key and reference."""

    def rows(table: str) -> list[Any]:
        return call.db.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()  # noqa: S608 - names below

    return {
        "now": call.at,
        "charges": [{**charge_view(row, call), "key": row["key"]} for row in rows("charges")],
        "refunds": [{**refund_view(call.db, row), "key": row["key"]} for row in rows("refunds")],
        "disputes": [dispute_view(row) for row in rows("disputes")],
        "settlements": [settlement_view(call.db, row) for row in rows("settlements")],
        "movements": [{name: row[name] for name in MOVEMENT} for row in rows("movements")],
    }
