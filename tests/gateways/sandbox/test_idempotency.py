"""The sandbox does once what is sent twice under one key, for 24 hours of its own clock."""

from concurrent.futures import ThreadPoolExecutor

from tests.gateways.sandbox.server import Sandbox


def charges_of(sandbox: Sandbox, reference: str) -> list[dict]:
    return [charge for charge in sandbox.book()["charges"] if charge["reference"] == reference]


def test_the_first_answer_is_given_again_and_says_so(sandbox: Sandbox):
    card = sandbox.card()
    body = {"amount_minor": 5000, "currency": "USD", "customer": card["customer"], "card": card["token"]}
    body["reference"] = "replayed"

    first, second = (sandbox.call("POST", "/charges", body, key="replayed") for _ in range(2))

    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(charges_of(sandbox, "replayed")) == 1


def test_other_parameters_under_a_key_are_refused(sandbox: Sandbox):
    card = sandbox.card()
    charge = sandbox.create(card=card, key="mine", reference="mine")

    body = {name: charge[name] for name in ("amount_minor", "currency", "reference")}
    body |= {"customer": card["customer"], "card": card["token"], "amount_minor": 5001}
    refused = sandbox.call("POST", "/charges", body, key="mine")
    elsewhere = sandbox.call("POST", f"/charges/{charge['id']}/cancel", {}, key="mine")

    for response in (refused, elsewhere):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "idempotency_error")
    assert [(kept["amount_minor"], kept["outcome"]) for kept in charges_of(sandbox, "mine")] == [
        (5000, "not_confirmed")
    ]


def test_after_24_hours_a_key_is_carried_out_anew(sandbox: Sandbox):
    card = sandbox.card()
    sandbox.create(card=card, key="late", reference="late")

    sandbox.advance(hours=23.99)
    sandbox.create(card=card, key="late", reference="late")
    assert len(charges_of(sandbox, "late")) == 1

    sandbox.advance(hours=0.02)
    sandbox.create(card=card, key="late", reference="late")
    sandbox.create(card=card, key="late", reference="late")
    assert len(charges_of(sandbox, "late")) == 2


def test_the_window_begins_with_the_first_request(sandbox: Sandbox):
    card = sandbox.card()
    for _ in range(4):
        sandbox.create(card=card, key="slow", reference="slow")
        sandbox.advance(hours=10)

    assert len(charges_of(sandbox, "slow")) == 2


def test_a_refusal_is_not_kept(sandbox: Sandbox):
    charge = sandbox.charge(5000)
    path = f"/charges/{charge['id']}/refunds"
    body = {"amount_minor": 6000, "currency": "USD", "reference": "refund"}

    assert sandbox.call("POST", path, body, key="refused").status_code == 400
    assert sandbox.call("POST", path, {**body, "amount_minor": 100}, key="refused").status_code == 200


def test_of_many_at_once_under_one_key_one_is_carried_out(sandbox: Sandbox):
    card = sandbox.card()
    body = {"amount_minor": 5000, "currency": "USD", "customer": card["customer"], "card": card["token"]}
    body["reference"] = "crowd"

    with ThreadPoolExecutor(16) as threads:
        statuses = list(
            threads.map(lambda _: sandbox.call("POST", "/charges", body, key="crowd").status_code, range(48))
        )

    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(charges_of(sandbox, "crowd")) == 1


def test_the_book_names_the_key_and_reference_of_each_movement(sandbox: Sandbox):
    charge = sandbox.confirm(sandbox.create(reference="named", key="named/create"))
    sandbox.ask(
        "POST",
        f"/charges/{charge['id']}/refunds",
        {"amount_minor": 700, "currency": "USD", "reference": "named refund"},
        key="named/refund",
    )

    moved = [row for row in sandbox.book()["movements"] if row["charge"] == charge["id"]]

    assert [(row["kind"], row["reference"], row["key"], row["amount_minor"]) for row in moved] == [
        ("capture", "named", "named/create", 5000),
        ("refund", "named refund", "named/refund", -700),
    ]
