"""Settlements: all that was captured, given back or lost and not yet settled, one for each currency.

Net is gross less fees. A charge of 5000 with a refund of 1000 pays out 4000 gross, 175 fees, 3825 net: the
fee of a refunded charge is kept. A voided charge appears nowhere. Of one that fails at the bank the net waits
for the next.
"""

from collections import defaultdict
from sqlite3 import Connection, Row
from typing import Any

from duebook.gateways.sandbox.processor import events
from duebook.gateways.sandbox.processor.book import new_id
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.refusals import Refusal, no_such

UNSETTLED = """
SELECT 'charges' AS place, id, currency, captured_minor AS gross_minor, fee_minor FROM charges
WHERE captured_minor > 0 AND NOT voided AND settlement IS NULL
UNION ALL
SELECT 'refunds', id, currency, -amount_minor, 0 FROM refunds WHERE kind = 'refund' AND settlement IS NULL
UNION ALL
SELECT 'refund_failures', id, currency, amount_minor, 0 FROM refund_failures WHERE settlement IS NULL
UNION ALL
SELECT 'disputes', id, currency, -amount_minor, fee_minor FROM disputes
WHERE outcome = 'lost' AND settlement IS NULL
UNION ALL
SELECT 'settlement_returns', id, currency, amount_minor, 0 FROM settlement_returns WHERE settlement IS NULL
"""

LINES = """
SELECT l.object_id, l.gross_minor, l.fee_minor,
       CASE WHEN r.id IS NOT NULL THEN 'refund' WHEN d.id IS NOT NULL THEN 'dispute'
            WHEN f.id IS NOT NULL THEN 'refund failed' WHEN b.id IS NOT NULL THEN 'settlement returned'
            ELSE 'charge' END kind,
       CASE WHEN b.id IS NOT NULL THEN ''
            ELSE coalesce(r.charge, f.charge, d.charge, l.object_id) END AS charge
FROM settlement_lines l LEFT JOIN refunds r ON r.id = l.object_id LEFT JOIN disputes d ON d.id = l.object_id
LEFT JOIN refund_failures f ON f.id = l.object_id LEFT JOIN settlement_returns b ON b.id = l.object_id
WHERE l.settlement = ? ORDER BY l.rowid
"""


def settle(call: Call) -> dict[str, Any]:
    """Pay out everything that waits."""
    waiting: dict[str, list[Row]] = defaultdict(list)
    for row in call.db.execute(UNSETTLED).fetchall():
        waiting[row["currency"]].append(row)
    made = [_settle_currency(call, currency, rows) for currency, rows in sorted(waiting.items())]
    return {"settlements": made}


def list_settlements(call: Call) -> dict[str, Any]:
    """The settlements paid since a day, the oldest first, with their lines."""
    rows = call.db.execute(
        "SELECT * FROM settlements WHERE paid_on >= ? ORDER BY seq", (call.text("since"),)
    ).fetchall()
    return {"settlements": [settlement_view(call.db, row) for row in rows]}


def settlement_view(db: Connection, settlement: Row) -> dict[str, Any]:
    """A settlement as the API shows it."""
    lines = db.execute(LINES, (settlement["id"],))
    shown = ("id", "currency", "gross_minor", "fee_minor", "net_minor", "paid_on")
    back = db.execute("SELECT * FROM settlement_returns WHERE id = ?", (settlement["id"],)).fetchone()
    return {
        **{name: settlement[name] for name in shown},
        "returned_on": back["returned_on"] if back else "",
        "return_reason": back["reason"] if back else "",
        "lines": [dict(line) for line in lines],
    }


def fail_settlement(call: Call, settlement_id: str) -> dict[str, Any]:
    """The bank sends it back: the money is the processor's again."""
    settlement = call.db.execute("SELECT * FROM settlements WHERE id = ?", (settlement_id,)).fetchone()
    if settlement is None:
        raise no_such("settlement", settlement_id)
    made = call.db.execute(
        "INSERT OR IGNORE INTO settlement_returns (id, amount_minor, currency, reason, returned_on)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            *(settlement_id, settlement["net_minor"], settlement["currency"]),
            *(call.text("reason") or "The account is closed.", call.now.date().isoformat()),
        ),
    )
    if not made.rowcount:
        raise Refusal(400, "already_failed", "It has failed before.")
    events.record(call, "settlement.failed", "settlement", settlement_id)
    return settlement_view(call.db, settlement)


def _settle_currency(call: Call, currency: str, rows: list[Row]) -> dict[str, Any]:
    settlement_id = new_id("st")
    gross_minor = sum(row["gross_minor"] for row in rows)
    fee_minor = sum(row["fee_minor"] for row in rows)
    call.db.execute(
        "INSERT INTO settlements SELECT ?, coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ? FROM settlements",
        (
            *(settlement_id, currency, gross_minor, fee_minor, gross_minor - fee_minor),
            call.now.date().isoformat(),
        ),
    )
    for row in rows:
        call.db.execute(
            "INSERT INTO settlement_lines VALUES (?, ?, ?, ?)",
            (settlement_id, row["id"], row["gross_minor"], row["fee_minor"]),
        )
        call.db.execute(
            f"UPDATE {row['place']} SET settlement = ? WHERE id = ?",  # noqa: S608 - a name from the query above
            (settlement_id, row["id"]),
        )
    events.record(call, "settlement.paid", "settlement", settlement_id)
    row = call.db.execute("SELECT * FROM settlements WHERE id = ?", (settlement_id,)).fetchone()
    return settlement_view(call.db, row)
