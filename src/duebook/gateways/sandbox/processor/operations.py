"""The API: which method and path is which operation."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from duebook.gateways.sandbox.processor import charges, disputes, events, refunds, settlements, setups
from duebook.gateways.sandbox.processor.book import setting
from duebook.gateways.sandbox.processor.call import Call

Run = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """``run`` is given the call and what the stars of the path stand for."""

    name: str
    method: str
    path: str
    run: Run


def check_account(call: Call) -> dict[str, Any]:
    """Whose account the secret opens."""
    return {
        "id": setting(call.db, "account"),
        "name": "Sandbox",
        "live": False,
        "currencies": sorted(call.currencies),
    }


OPERATIONS = (
    Operation("create_charge", "POST", "/charges", charges.create_charge),
    Operation("list_charges", "GET", "/charges", charges.list_charges),
    Operation("fetch_charge", "GET", "/charges/*", charges.fetch_charge),
    Operation("confirm_charge", "POST", "/charges/*/confirm", charges.confirm_charge),
    Operation("cancel_charge", "POST", "/charges/*/cancel", charges.cancel_charge),
    Operation("refund_charge", "POST", "/charges/*/refunds", refunds.refund_charge),
    Operation("list_refunds", "GET", "/charges/*/refunds", refunds.list_refunds),
    Operation("void_charge", "POST", "/charges/*/void", refunds.void_charge),
    Operation("fetch_refund", "GET", "/refunds/*", refunds.fetch_refund),
    Operation("create_customer", "POST", "/customers", setups.create_customer),
    Operation("begin_setup", "POST", "/setups", setups.begin_setup),
    Operation("fetch_setup", "GET", "/setups/*", setups.fetch_setup),
    Operation("forget_card", "DELETE", "/cards/*", setups.forget_card),
    Operation("list_events", "GET", "/events", events.list_events),
    Operation("fetch_dispute", "GET", "/disputes/*", disputes.fetch_dispute),
    Operation("list_settlements", "GET", "/settlements", settlements.list_settlements),
    Operation("check_account", "GET", "/account", check_account),
)


def find_run(table: Sequence[Operation], method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation of a request, and the ids in its path."""
    for operation in table:
        pattern = re.escape(operation.path).replace(r"\*", "([A-Za-z0-9_]{1,100})")
        if operation.method == method and (found := re.fullmatch(pattern, path)):
            return operation, found.groups()
    return None
