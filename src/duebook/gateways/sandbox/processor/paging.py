"""Lists come in pages of a hundred, the oldest first; ``after`` names the last one seen."""

from collections.abc import Callable
from sqlite3 import Row
from typing import Any

from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.refusals import no_such

PAGE = 100
END_OF_TIME = "9999"


def page_of(
    call: Call,
    table: str,
    view: Callable[[Row, Call], dict[str, Any]],
    *,
    since: str = "",
    until: str = END_OF_TIME,
) -> dict[str, Any]:
    """A page of a table's rows created between two instants, both included."""
    after_at, after_seq = "", 0
    if after := call.text("after"):
        last = call.db.execute(f"SELECT created_at, seq FROM {table} WHERE id = ?", (after,)).fetchone()  # noqa: S608 - a name of ours
        if last is None:
            raise no_such(table.removesuffix("s"), after)
        after_at, after_seq = last["created_at"], last["seq"]
    rows = call.db.execute(
        f"SELECT * FROM {table} WHERE created_at >= ? AND created_at <= ? AND (created_at, seq) > (?, ?)"  # noqa: S608
        " ORDER BY created_at, seq LIMIT ?",
        (since, until, after_at, after_seq, PAGE + 1),
    ).fetchall()
    return {table: [view(row, call) for row in rows[:PAGE]], "more": len(rows) > PAGE}
