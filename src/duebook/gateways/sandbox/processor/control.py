"""The tester's hands: clock, faults, webhooks, settlements, refunds, disputes. No processor has these."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from duebook.gateways.sandbox.processor import disputes, refunds, settlements
from duebook.gateways.sandbox.processor.book import instant, set_setting, setting, virtual_now
from duebook.gateways.sandbox.processor.call import Call, web_address
from duebook.gateways.sandbox.processor.operations import Operation
from duebook.gateways.sandbox.processor.processor import Processor
from duebook.gateways.sandbox.processor.refusals import Refusal
from duebook.gateways.sandbox.processor.webhooks import delivery_view
from duebook.gateways.sandbox.processor.whole_book import whole_book

MOST_SECONDS = 100 * 366 * 86400


@dataclass(frozen=True, slots=True)
class Tester:
    """A control call: the processor and what was asked."""

    processor: Processor
    values: Mapping[str, Any]
    items: list[Any]
    """The body where it is a list."""
    origin: str

    def run(self, work: Callable[..., dict[str, Any]], *ids: str) -> dict[str, Any]:
        return self.processor.run(lambda call: work(call, *ids), values=self.values, origin=self.origin)


def advance_clock(tester: Tester) -> dict[str, Any]:
    """Let time pass; it goes back only while nothing stands in the book."""
    return tester.run(_advance)


def add_faults(tester: Tester) -> dict[str, Any]:
    """Add to the script."""
    tester.processor.faults.add(tester.items)
    return show_faults(tester)


def show_faults(tester: Tester) -> dict[str, Any]:
    """What has not struck yet."""
    return {"faults": [asdict(fault) for fault in tester.processor.faults.waiting()]}


def clear_faults(tester: Tester) -> dict[str, Any]:
    """End script and chaos."""
    tester.processor.faults.clear()
    return show_faults(tester)


def set_chaos(tester: Tester) -> dict[str, Any]:
    """Random faults from a seed."""
    tester.processor.faults.set_chaos(tester.values)
    return dict(tester.values)


def set_webhook(tester: Tester) -> dict[str, Any]:
    """Where events go from now on; an empty url ends it."""
    return tester.run(_set_webhook)


def hold_webhooks(tester: Tester) -> dict[str, Any]:
    """Keep events back from now on, until they are released."""
    return tester.run(_hold)


def release_webhooks(tester: Tester) -> dict[str, Any]:
    """Send the events named in `events`, in that order; without it all that are held, and hold no more."""
    named = tester.values.get("events")
    if named is None:
        named = tester.run(_end_hold)["events"]
    if not isinstance(named, list) or not all(isinstance(event, str) for event in named):
        raise Refusal(400, "parameter_invalid", "events is a list of ids.")
    return {"deliveries": tester.processor.sender.release(named)}


def show_deliveries(tester: Tester) -> dict[str, Any]:
    """Every delivery and how it stands."""
    return tester.run(_deliveries)


def settle(tester: Tester) -> dict[str, Any]:
    """Pay out all that waits."""
    return tester.run(settlements.settle)


def fail_settlement(tester: Tester, settlement_id: str) -> dict[str, Any]:
    """Let the bank send it back."""
    return tester.run(settlements.fail_settlement, settlement_id)


def fail_refund(tester: Tester, refund_id: str) -> dict[str, Any]:
    """Let the customer's bank send it back."""
    return tester.run(refunds.fail_refund, refund_id)


def open_dispute(tester: Tester) -> dict[str, Any]:
    """Dispute a charge."""
    return tester.run(disputes.open_dispute)


def decide_dispute(tester: Tester, dispute_id: str) -> dict[str, Any]:
    """Let it be won or lost."""
    return tester.run(disputes.decide_dispute, dispute_id)


def show_book(tester: Tester) -> dict[str, Any]:
    """All that the book says."""
    return tester.run(whole_book)


CONTROLS = (
    Operation("show_book", "GET", "/book", show_book),
    Operation("advance_clock", "POST", "/control/clock", advance_clock),
    Operation("add_faults", "POST", "/control/faults", add_faults),
    Operation("show_faults", "GET", "/control/faults", show_faults),
    Operation("clear_faults", "DELETE", "/control/faults", clear_faults),
    Operation("set_chaos", "POST", "/control/chaos", set_chaos),
    Operation("set_webhook", "POST", "/control/webhooks", set_webhook),
    Operation("hold_webhooks", "POST", "/control/webhooks/hold", hold_webhooks),
    Operation("release_webhooks", "POST", "/control/webhooks/release", release_webhooks),
    Operation("show_deliveries", "GET", "/control/webhooks/deliveries", show_deliveries),
    Operation("settle", "POST", "/control/settlements", settle),
    Operation("fail_settlement", "POST", "/control/settlements/*", fail_settlement),
    Operation("fail_refund", "POST", "/control/refunds/*", fail_refund),
    Operation("open_dispute", "POST", "/control/disputes", open_dispute),
    Operation("decide_dispute", "POST", "/control/disputes/*", decide_dispute),
)


def _advance(call: Call) -> dict[str, Any]:
    seconds = call.values.get("advance_seconds")
    if not isinstance(seconds, int | float) or not -MOST_SECONDS <= seconds <= MOST_SECONDS:
        raise Refusal(400, "parameter_invalid", "advance_seconds is a number of seconds.")
    if seconds < 0 and call.db.execute("SELECT 1 FROM customers").fetchone():
        raise Refusal(400, "book_begun", "The clock goes back only while nothing stands in the book.")
    offset = float(setting(call.db, "clock_offset_seconds")) + seconds
    set_setting(call.db, "clock_offset_seconds", str(offset))
    return {"now": instant(virtual_now(call.db))}


def _set_webhook(call: Call) -> dict[str, Any]:
    url, clock = call.text("url"), call.text("clock") or "machine"
    if (url and not web_address(url)) or clock not in {"machine", "book"}:
        raise Refusal(400, "parameter_invalid", "url is an address of the web, clock is machine or book.")
    set_setting(call.db, "webhook_url", url)
    set_setting(call.db, "webhook_secret", call.required_text("secret") if url else "")
    set_setting(call.db, "webhook_clock", clock)
    if not url:
        call.db.execute("DELETE FROM deliveries WHERE state IN ('waiting', 'held')")
    return {"url": url, "clock": clock}


def _hold(call: Call) -> dict[str, Any]:
    set_setting(call.db, "webhooks_held", "1")
    return {"held": True}


def _end_hold(call: Call) -> dict[str, Any]:
    set_setting(call.db, "webhooks_held", "")
    held = call.db.execute("SELECT event FROM deliveries WHERE state = 'held' ORDER BY seq")
    return {"events": [row["event"] for row in held]}


def _deliveries(call: Call) -> dict[str, Any]:
    rows = call.db.execute("SELECT * FROM deliveries ORDER BY seq")
    return {"deliveries": [delivery_view(row) for row in rows]}
