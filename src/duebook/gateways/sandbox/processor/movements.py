"""The money that moved: one row for each movement, signed as the business sees it."""

from sqlite3 import Row

from duebook.gateways.sandbox.processor.call import Call


def record_movement(call: Call, kind: str, charge: Row, cause: Row, amount_minor: int) -> None:
    """Note it; each capture, refund and lost dispute moves money once, which a unique key sees to."""
    named = cause if "reference" in cause.keys() else charge  # noqa: SIM118 - a row of SQLite is no mapping
    call.db.execute(
        "INSERT INTO movements (at, kind, object_id, charge, reference, key, amount_minor, currency)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(call.at, kind, cause["id"], charge["id"]),
            *(named["reference"], named["key"], amount_minor, charge["currency"]),
        ),
    )
