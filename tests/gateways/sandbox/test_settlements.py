"""What the sandbox pays out: gross less fees, each thing once."""

from datetime import UTC, datetime, timedelta

import pytest

from duebook.gateways.sandbox.processor.charges import fee_of
from tests.gateways.sandbox.server import Sandbox


def give_back(sandbox: Sandbox, charge: dict, amount_minor: int, way: str = "refunds"):
    body = {"amount_minor": amount_minor, "currency": charge["currency"], "reference": "back"}
    return sandbox.call("POST", f"/charges/{charge['id']}/{way}", body)


def settle(sandbox: Sandbox) -> list[dict]:
    return sandbox.ask("POST", "/control/settlements")["settlements"]


@pytest.mark.parametrize(
    ("amount_minor", "fee_minor"),
    [(5000, 175), (50, 31), (500, 45), (17, 30), (18, 31), (1_000_000, 29_030), (10**15, 29 * 10**12 + 30)],
)
def test_the_fee_is_a_share_rounded_half_up_and_a_fixed_part(amount_minor: int, fee_minor: int):
    assert fee_of(amount_minor) == fee_minor


def test_a_settlement_adds_up_for_each_currency(alone: Sandbox):
    first, second, euros = alone.charge(5000), alone.charge(500), alone.charge(2000, currency="EUR")
    refund = give_back(alone, first, 1000).json()

    made = settle(alone)

    figures = ("currency", "gross_minor", "fee_minor", "net_minor")
    assert [[settlement[name] for name in figures] for settlement in made] == [
        ["EUR", 2000, 88, 1912],
        ["USD", 4500, 220, 4280],
    ]
    assert [line["object_id"] for line in made[0]["lines"]] == [euros["id"]]
    assert [(line["object_id"], line["gross_minor"], line["fee_minor"]) for line in made[1]["lines"]] == [
        (first["id"], 5000, 175),
        (second["id"], 500, 45),
        (refund["id"], -1000, 0),
    ]
    assert alone.book()["settlements"] == made


def test_nothing_is_settled_twice_and_a_later_refund_comes_later(alone: Sandbox):
    charge = alone.charge(5000)
    settle(alone)
    assert settle(alone) == []

    give_back(alone, charge, 5000)

    (later,) = settle(alone)
    assert (later["gross_minor"], later["fee_minor"], later["net_minor"]) == (-5000, 0, -5000)


def test_a_voided_charge_appears_nowhere(alone: Sandbox):
    charge = alone.charge(5000)
    assert give_back(alone, charge, 5000, "void").json()["kind"] == "void"

    assert settle(alone) == []
    assert alone.ask("GET", f"/charges/{charge['id']}")["fee_minor"] == 0
    assert [moved["amount_minor"] for moved in alone.book()["movements"]] == [5000, -5000]


@pytest.mark.parametrize("refunded_minor", [0, 1000])
def test_a_charge_is_voided_whole_or_not_at_all(sandbox: Sandbox, refunded_minor: int):
    charge = sandbox.charge(5000)
    if refunded_minor:
        give_back(sandbox, charge, refunded_minor)

    refused = give_back(sandbox, charge, 4000, "void")

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "void_is_whole")


def test_a_lost_dispute_costs_its_amount_and_a_fee(alone: Sandbox):
    charge = alone.charge(5000)
    settle(alone)
    dispute = alone.ask("POST", "/control/disputes", {"charge": charge["id"]})
    assert settle(alone) == []

    alone.ask("POST", f"/control/disputes/{dispute['id']}", {"outcome": "lost"})

    (settlement,) = settle(alone)
    assert (settlement["gross_minor"], settlement["fee_minor"], settlement["net_minor"]) == (
        -5000,
        1500,
        -6500,
    )
    assert sum(moved["amount_minor"] for moved in alone.book()["movements"]) == 0


def test_a_won_dispute_costs_nothing(alone: Sandbox):
    charge = alone.charge(5000)
    settle(alone)
    dispute = alone.ask("POST", "/control/disputes", {"charge": charge["id"]})

    decided = alone.ask("POST", f"/control/disputes/{dispute['id']}", {"outcome": "won"})

    assert decided["outcome"] == "won"
    assert settle(alone) == []
    assert alone.call("POST", f"/control/disputes/{dispute['id']}", {"outcome": "lost"}).status_code == 400


def test_disputed_money_is_not_refunded(sandbox: Sandbox):
    charge = sandbox.charge(5000)
    sandbox.ask("POST", "/control/disputes", {"charge": charge["id"]})

    assert give_back(sandbox, charge, 100).json()["error"]["code"] == "disputed"


def test_the_clock_goes_back_in_an_empty_book_alone(alone: Sandbox):
    begun = alone.ask("POST", "/control/clock", {"advance_seconds": -7 * 86400})
    charge = alone.charge()

    (paid,) = settle(alone)
    refused = alone.call("POST", "/control/clock", {"advance_seconds": -1})

    assert paid["paid_on"] == charge["created_at"][:10] == begun["now"][:10]
    assert begun["now"] < (datetime.now(UTC) - timedelta(days=6)).isoformat()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "book_begun")


def test_a_settlement_that_the_bank_sends_back_is_paid_again_with_the_next(alone: Sandbox):
    alone.charge(5000)
    (first,) = settle(alone)

    failed = alone.ask("POST", f"/control/settlements/{first['id']}", {"reason": "No such account."})

    assert (failed["returned_on"], failed["return_reason"]) == (first["paid_on"], "No such account.")
    assert failed["lines"] == first["lines"]
    alone.charge(500)
    (again,) = settle(alone)
    assert (again["gross_minor"], again["net_minor"], again["returned_on"]) == (5325, 5280, "")
    assert {
        "object_id": first["id"],
        "gross_minor": 4825,
        "fee_minor": 0,
        "kind": "settlement returned",
        "charge": "",
    } in again["lines"]
    assert settle(alone) == []


def test_a_settlement_fails_once_and_only_one_that_was_paid(alone: Sandbox):
    alone.charge(5000)
    (made,) = settle(alone)
    alone.ask("POST", f"/control/settlements/{made['id']}", {})

    again = alone.call("POST", f"/control/settlements/{made['id']}", {})
    unknown = alone.call("POST", "/control/settlements/st_none", {})

    assert (again.status_code, again.json()["error"]["code"]) == (400, "already_failed")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no_such_settlement")


@pytest.mark.parametrize("is_settled", [True, False])
def test_a_refund_that_fails_later_is_the_business_s_again_and_settled(alone: Sandbox, is_settled: bool):
    charge = alone.charge(5000)
    refund = give_back(alone, charge, 1000).json()
    if is_settled:
        settle(alone)

    failed = alone.ask("POST", f"/control/refunds/{refund['id']}", {"reason": "No such account."})

    assert (failed["outcome"], failed["failure_reason"]) == ("failed", "No such account.")
    assert alone.ask("GET", f"/refunds/{refund['id']}")["outcome"] == "failed"
    assert alone.ask("GET", f"/charges/{charge['id']}")["refunded_minor"] == 0
    (made,) = settle(alone)
    line = made["lines"][-1]
    assert (line["kind"], line["charge"], line["gross_minor"], line["fee_minor"]) == (
        *("refund failed", charge["id"], 1000, 0),
    )
    assert made["net_minor"] == (1000 if is_settled else 4825)
    moved = [(one["kind"], one["amount_minor"]) for one in alone.ask("GET", "/book")["movements"]]
    assert moved[-2:] == [("refund", -1000), ("refund failed", 1000)]
    assert give_back(alone, charge, 5000).status_code == 200


def test_a_refund_fails_once_and_a_void_never(alone: Sandbox):
    refund = give_back(alone, alone.charge(5000), 1000).json()
    void = give_back(alone, alone.charge(5000), 5000, way="void").json()
    alone.ask("POST", f"/control/refunds/{refund['id']}", {})

    answers = [
        alone.call("POST", f"/control/refunds/{pk}", {}) for pk in (refund["id"], void["id"], "re_none")
    ]

    assert [(one.status_code, one.json()["error"]["code"]) for one in answers] == [
        (400, "already_failed"),
        (400, "not_refunded"),
        (404, "no_such_refund"),
    ]
