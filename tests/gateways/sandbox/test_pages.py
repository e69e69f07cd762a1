"""The sandbox's own pages: the fields of a card, and the authentication."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.gateways.sandbox.server import NUMBERS, Sandbox


def begin(sandbox: Sandbox, return_url: str = "") -> dict:
    return sandbox.ask("POST", "/setups", {"reference": "s", "name": "Acme", "return_url": return_url})


def asking(sandbox: Sandbox) -> dict:
    return sandbox.charge(card=sandbox.card("authentication"))


def test_a_saved_card_leads_back_to_where_the_customer_came_from(sandbox: Sandbox):
    setup = begin(sandbox, "https://pay.example.com/saved/?x=1")

    response = sandbox.type_card(setup["id"], "4242 4242-4242 4242", expiry="7/2049")

    assert (response.status_code, response.headers["Location"]) == (303, "https://pay.example.com/saved/?x=1")
    again = requests.get(setup["page_url"], timeout=10)
    assert '<a href="https://pay.example.com/saved/?x=1">Back to where you came from</a>' in again.text
    seen = sandbox.ask("GET", f"/setups/{setup['id']}")
    assert seen["outcome"] == "saved"
    card = {name: seen["card"][name] for name in ("brand", "last_four", "exp_month", "exp_year")}
    assert card == {"brand": "visa", "last_four": "4242", "exp_month": 7, "exp_year": 2049}


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("number", "4242424242424241", "This is not a card number."),
        ("number", "", "This is not a card number."),
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "This is not a card number."),
        ("number", "5555555555554444", "This sandbox takes test cards only."),
        ("expiry", "13/49", "Give the expiry as MM/YY."),
        ("expiry", "01/20", "The card has expired."),
        ("code", "12", "The security code has three or four digits."),
    ],
)
def test_what_is_no_card_is_said_and_nothing_is_saved(sandbox: Sandbox, field: str, typed: str, message: str):
    setup = begin(sandbox)

    response = sandbox.type_card(setup["id"], **{"number": NUMBERS["approves"], field: typed})

    assert response.status_code == 422
    assert message in response.text
    assert sandbox.ask("GET", f"/setups/{setup['id']}")["outcome"] == "waiting"


def test_after_a_refused_card_another_may_be_tried(sandbox: Sandbox):
    setup = begin(sandbox)

    response = sandbox.type_card(setup["id"], NUMBERS["refused when saved"])

    assert response.status_code == 422
    declined = sandbox.ask("GET", f"/setups/{setup['id']}")
    assert (declined["outcome"], declined["decline"]["code"]) == ("declined", "card_refused")
    assert sandbox.type_card(setup["id"], NUMBERS["approves"]).status_code == 200
    saved = sandbox.ask("GET", f"/setups/{setup['id']}")
    assert (saved["outcome"], saved["decline"]) == ("saved", None)


def test_a_setup_saves_one_card(sandbox: Sandbox):
    setup = begin(sandbox)
    sandbox.type_card(setup["id"], NUMBERS["approves"])
    first = sandbox.ask("GET", f"/setups/{setup['id']}")["card"]

    sandbox.type_card(setup["id"], NUMBERS["stolen"])

    assert sandbox.ask("GET", f"/setups/{setup['id']}")["card"] == first


def test_the_same_number_has_the_same_fingerprint_and_is_kept_nowhere(alone: Sandbox, tmp_path):
    cards = [alone.card("approves"), alone.card("approves"), alone.card("stolen")]

    fingerprints = [card["fingerprint"] for card in cards]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("book.sqlite3*"))
    assert cards[0]["token"].encode() in kept
    assert NUMBERS["approves"].encode() not in kept


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//example.com", "ftp://example.com", "https://a b"]
)
def test_a_way_back_that_is_no_address_of_the_web_is_refused(sandbox: Sandbox, address: str):
    response = sandbox.call("POST", "/setups", {"reference": "s", "return_url": address})

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("result", "outcome", "moved_minor"), [("complete", "succeeded", 5000), ("fail", "declined", 0)]
)
def test_an_authentication_decides_a_charge_once(
    sandbox: Sandbox, result: str, outcome: str, moved_minor: int
):
    charge = asking(sandbox)
    assert charge["outcome"] == "requires_action"
    for pressed in (result, "complete", "fail"):
        requests.post(charge["action_url"], data={"result": pressed}, timeout=10)

    seen = sandbox.ask("GET", f"/charges/{charge['id']}")

    assert (seen["outcome"], seen["captured_minor"], seen["action_url"]) == (outcome, moved_minor, "")
    moved = [row for row in sandbox.book()["movements"] if row["charge"] == charge["id"]]
    assert sum(row["amount_minor"] for row in moved) == moved_minor


@pytest.mark.parametrize(
    ("address", "status"),
    [("https://pay.example.com/", 303), ("javascript:alert(1)", 200), ("//a.example", 200)],
)
def test_an_authentication_leads_back_to_addresses_of_the_web_only(
    sandbox: Sandbox, address: str, status: int
):
    page = asking(sandbox)["action_url"]
    back = {"return_url": address}

    shown = requests.get(page, params=back, timeout=10)
    done = requests.post(page, params=back, data={"result": "complete"}, timeout=10, allow_redirects=False)

    assert "javascript" not in shown.text
    assert (done.status_code, done.headers.get("Location")) == (status, address if status == 303 else None)


def test_an_authentication_leads_back_to_where_its_charge_said(sandbox: Sandbox):
    card = sandbox.card("authentication")
    wanted = {
        "amount_minor": 5000,
        "currency": "USD",
        "customer": card["customer"],
        "card": card["token"],
        "reference": "back",
    }
    refused = sandbox.call("POST", "/charges", {**wanted, "return_url": "javascript:alert(1)"}, key="bad")
    made = sandbox.ask("POST", "/charges", {**wanted, "return_url": "https://pay.example.com/"}, key="good")
    amount = {"amount_minor": 5000, "currency": "USD"}
    charge = sandbox.ask("POST", f"/charges/{made['id']}/confirm", amount, key="confirm")

    done = requests.post(charge["action_url"], data={"result": "complete"}, timeout=10, allow_redirects=False)

    assert refused.status_code == 400
    assert "pay.example.com" not in charge["action_url"]
    assert (done.status_code, done.headers["Location"]) == (303, "https://pay.example.com/")
    again = requests.get(charge["action_url"], timeout=10)
    assert '<a href="https://pay.example.com/">Back to where you came from</a>' in again.text


def test_a_failed_authentication_is_a_decline_of_its_own_code(sandbox: Sandbox):
    charge = asking(sandbox)
    requests.post(charge["action_url"], data={"result": "fail"}, timeout=10)

    seen = sandbox.ask("GET", f"/charges/{charge['id']}")

    assert seen["decline"]["code"] == "authentication_failed"


def test_a_page_that_is_not_there_says_so_and_quotes_what_it_was_given(sandbox: Sandbox):
    missing = requests.get(f"{sandbox.url}/setup/seti_404", timeout=10)
    hostile = requests.post(
        f"{sandbox.url}/setup/{begin(sandbox)['id']}", data={"number": "<script>"}, timeout=10
    )

    assert missing.status_code == 404
    assert "<h1>Not found</h1>" in missing.text
    assert "<script" not in hostile.text
    assert "script-src" not in missing.headers["Content-Security-Policy"]
    assert "default-src 'none'" in missing.headers["Content-Security-Policy"]


@pytest.mark.browser
def test_in_a_browser_a_card_is_saved_and_a_charge_is_authenticated(sandbox: Sandbox, browse_pages):
    setup = begin(sandbox, f"{sandbox.url}/authenticate/{(charge := asking(sandbox))['id']}")

    def steps(page: Page) -> None:
        page.goto(setup["page_url"])
        page.get_by_label("Card number").fill("4000000000000002")
        page.get_by_label("Expiry (MM/YY)").fill("12/49")
        page.get_by_label("Security code").fill("123")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("refused to save")
        page.get_by_label("Card number").fill("4242 4242 4242 4242")
        page.get_by_label("Expiry (MM/YY)").fill("12/49")
        page.get_by_label("Security code").fill("123")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("50.00 USD")).to_be_visible()
        page.get_by_role("button", name="Complete authentication").click()
        expect(page.get_by_text("This payment is succeeded.")).to_be_visible()
        page.goto(f"{charge['action_url']}?return_url={sandbox.url}/setup/{setup['id']}")
        expect(page.get_by_text(re.compile("succeeded"))).to_be_visible()

    browse_pages(steps, origin=sandbox.url)

    assert sandbox.ask("GET", f"/charges/{charge['id']}")["outcome"] == "succeeded"
    assert sandbox.ask("GET", f"/setups/{setup['id']}")["outcome"] == "saved"
