"""Each fault of the sandbox does what its name says, to the request it is for, once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.gateways.sandbox.server import Sandbox
from tests.jobs.serving import eventually

BEFORE = ["drop_before", "error_before", "busy"]
AFTER = ["drop_after", "error_after", "garbled"]
DELAY_SECONDS = 2
STATUS = {"error_before": 500, "error_after": 500, "busy": 429, "garbled": 200}


def confirm_badly(sandbox: Sandbox, charge: dict, *, key: str = "") -> int:
    """The status of a confirmation, 0 for a connection that broke."""
    body = {name: charge[name] for name in ("amount_minor", "currency")}
    try:
        return sandbox.call("POST", f"/charges/{charge['id']}/confirm", body, key=key).status_code
    except requests.exceptions.ConnectionError:
        return 0


def captures(sandbox: Sandbox, charge: dict) -> int:
    return len([moved for moved in sandbox.book()["movements"] if moved["charge"] == charge["id"]])


@pytest.mark.parametrize("fault", BEFORE)
def test_a_fault_before_the_effect_leaves_none(sandbox: Sandbox, fault: str):
    charge = sandbox.create()
    sandbox.fault(fault)

    status = confirm_badly(sandbox, charge, key=f"key-{fault}")

    assert status == STATUS.get(fault, 0)
    assert captures(sandbox, charge) == 0
    assert sandbox.confirm(charge, key=f"key-{fault}")["outcome"] == "succeeded"
    assert captures(sandbox, charge) == 1


@pytest.mark.parametrize("fault", AFTER)
def test_a_fault_after_the_effect_leaves_it_and_the_key_finds_it(sandbox: Sandbox, fault: str):
    charge = sandbox.create()
    sandbox.fault(fault)

    status = confirm_badly(sandbox, charge, key=f"key-{fault}")

    assert status == STATUS.get(fault, 0)
    assert captures(sandbox, charge) == 1
    assert sandbox.confirm(charge, key=f"key-{fault}")["outcome"] == "succeeded"
    assert captures(sandbox, charge) == 1


def test_a_garbled_answer_is_no_json(sandbox: Sandbox):
    sandbox.fault("garbled")

    with pytest.raises(ValueError, match=r"JSON|Unterminated|Expecting"):
        sandbox.call("GET", "/account").json()


def test_an_answer_may_name_another_amount_than_the_book(sandbox: Sandbox):
    charge = sandbox.create(5000)
    sandbox.fault("other_amount")

    assert sandbox.confirm(charge)["amount_minor"] == 5001
    assert sandbox.ask("GET", f"/charges/{charge['id']}")["amount_minor"] == 5000


@pytest.mark.parametrize("fault", ["delay", "delay_after"])
def test_a_delayed_answer_comes_late_and_keeps_its_key_busy(sandbox: Sandbox, fault: str):
    charge = sandbox.create()
    sandbox.fault(fault, seconds=DELAY_SECONDS)
    begun = time.monotonic()

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(confirm_badly, sandbox, charge, key=f"key-{fault}")
        assert eventually(lambda: sandbox.ask("GET", "/control/faults")["faults"] == [])
        if fault == "delay":
            assert captures(sandbox, charge) == 0
        else:
            assert eventually(lambda: captures(sandbox, charge) == 1)
        second = confirm_badly(sandbox, charge, key=f"key-{fault}")
        other = sandbox.charge(key=f"other-key-{fault}")

    assert (first.result(), second) == (200, 409)
    assert other["outcome"] == "succeeded"
    assert time.monotonic() - begun >= DELAY_SECONDS
    assert captures(sandbox, charge) == 1


def test_a_fault_waits_for_the_request_that_it_fits(sandbox: Sandbox):
    sandbox.ask(
        "POST",
        "/control/faults",
        [
            {"fault": "error_before", "operation": "confirm_charge"},
            {"fault": "error_before", "method": "DELETE"},
            {"fault": "busy", "path": "/charges/*/refunds"},
        ],
    )
    charge = sandbox.create()

    assert confirm_badly(sandbox, charge) == 500
    assert confirm_badly(sandbox, charge) == 200
    refunds = f"/charges/{charge['id']}/refunds"
    assert [sandbox.call("GET", refunds).status_code for _ in range(2)] == [429, 200]
    waiting = sandbox.ask("GET", "/control/faults")["faults"]
    assert [(fault["kind"], fault["method"]) for fault in waiting] == [("error_before", "DELETE")]


def test_faults_for_the_same_request_strike_one_after_the_other(sandbox: Sandbox):
    for fault in ("busy", "error_before"):
        sandbox.fault(fault, operation="check_account")

    assert [sandbox.call("GET", "/account").status_code for _ in range(3)] == [429, 500, 200]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "flood"},
        {},
        {"fault": "delay", "seconds": -1},
        {"fault": "busy", "moon": 1},
        {"fault": "busy", "path": 7},
    ],
)
def test_a_fault_that_cannot_be_is_refused(sandbox: Sandbox, fault: dict):
    assert sandbox.call("POST", "/control/faults", [fault]).status_code == 400
    assert sandbox.ask("GET", "/control/faults")["faults"] == []


def test_the_same_seed_meets_the_same_requests_with_the_same_faults(sandbox: Sandbox):
    def statuses(seed: int) -> list[int]:
        sandbox.ask("POST", "/control/chaos", {"seed": seed, "busy": 0.3, "error_before": 0.3})
        return [sandbox.call("GET", "/account").status_code for _ in range(30)]

    first, again, other = statuses(1), statuses(1), statuses(2)

    assert first == again != other
    assert set(first) == {200, 429, 500}


def test_chaos_ends_when_no_chance_is_given(sandbox: Sandbox):
    sandbox.ask("POST", "/control/chaos", {"seed": 1, "error_before": 1})
    assert sandbox.call("GET", "/account").status_code == 500

    sandbox.ask("POST", "/control/chaos", {})

    assert sandbox.call("GET", "/account").status_code == 200
