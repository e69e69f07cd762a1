"""Cards that a customer saves in Stripe's own fields, and cards that are forgotten."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page, expect

from duebook.gateways.protocol import (
    Credentials,
    DeclineClass,
    NothingHappened,
    Outcome,
    SetupHandle,
    SetupOutcome,
)
from duebook.gateways.stripe.adapter import StripeGateway
from tests.browser_thread import BrowserThread
from tests.gateways.stripe.on_file import (
    APPROVED,
    ASKS_FOR_AUTHENTICATION,
    DECLINED_WHEN_CHARGED,
    REFUSED_WHEN_SAVED,
    client,
    make_card,
    make_method,
    make_request,
)
from tests.gateways.stripe.stand_in import StandIn

PAGE = """<!doctype html><title>Save a card</title>
<form id="form"><div id="card"></div><button>Save</button></form><p id="said" role="status"></p>
<script src="{script_url}"></script>
<script>
  const stripe = Stripe("{public_key}");
  const card = stripe.elements().create("card");
  card.mount("#card");
  document.getElementById("form").addEventListener("submit", async (event) => {{
    event.preventDefault();
    const details = {{ name: "Ada Acme" }};
    const answer = await stripe.confirmCardSetup("{client_secret}", {{
      payment_method: {{ card, billing_details: details }},
    }});
    document.getElementById("said").textContent = answer.error ? answer.error.message : "Saved";
  }});
</script>
"""

Shopper = Callable[[SetupHandle, str], str]


def begin(
    gateway: StripeGateway, reference: str, *, customer: str = "", pays_now: bool = False
) -> SetupHandle:
    return gateway.begin_setup(
        reference=reference,
        customer=customer,
        name="Acme",
        email="pay@acme.example",
        return_url="",
        pays_now=pays_now,
    )


def confirm(server: StandIn, setup: SetupHandle, method: str) -> None:
    """What Stripe's script does once the customer has typed a card."""
    client(server.url).v1.setup_intents.confirm(setup.id, {"payment_method": method})


@contextmanager
def served(text: str) -> Iterator[str]:
    """The address of a page of that text."""

    class Shop(BaseHTTPRequestHandler):
        def show(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(text.encode())

        do_GET = show  # noqa: N815  http.server looks for this name

        def log_message(self, *parts: object) -> None:
            """Nothing is logged."""

    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def shopper(_browser_thread: BrowserThread, request: pytest.FixtureRequest) -> Shopper:
    """A customer who types a card number into a page and tells what it said."""

    def save(setup: SetupHandle, number: str) -> str:
        def steps(page: Page) -> str:
            page.goto("/")
            typed = {"number": number, "exp_month": "12", "exp_year": "31", "cvc": "123"}
            for name, value in {**typed, "postal_code": "12345"}.items():
                page.locator(f'#card input[placeholder="{name}"]').fill(value)
            page.get_by_role("button", name="Save").click()
            if number == ASKS_FOR_AUTHENTICATION:
                page.get_by_role("button", name="Complete authentication").click()
            expect(page.get_by_role("status")).not_to_be_empty()
            return page.get_by_role("status").inner_text()

        text = PAGE.format(
            script_url=setup.script_url, public_key=setup.public_key, client_secret=setup.client_secret
        )
        with served(text) as origin:
            return _browser_thread.run(
                steps, origin=origin, name=request.node.name, allowed_errors=("status of 402",)
            )

    return save


def test_a_setup_has_what_stripes_fields_need(gateway: StripeGateway, server: StandIn) -> None:
    setup = begin(gateway, "setup-1")

    assert setup.script_url == f"{server.url}/js.stripe.com/v3/"
    assert setup.public_key == "pk_test_12345"
    assert setup.client_secret.startswith(f"{setup.id}_secret_")
    customer = client(server.url).v1.customers.retrieve(setup.customer)
    assert (customer.name, customer.email) == ("Acme", "pay@acme.example")
    seen = gateway.fetch_setup(setup.id)
    assert (seen.outcome, seen.reference, seen.card) == (SetupOutcome.WAITING, "setup-1", None)


@pytest.mark.parametrize(("pays_now", "usage"), [(False, "off_session"), (True, "on_session")])
def test_a_card_that_pays_at_once_leaves_the_bank_s_question_to_the_charge(
    gateway: StripeGateway, server: StandIn, pays_now: bool, usage: str
) -> None:
    begin(gateway, "setup-now", pays_now=pays_now)

    (sent,) = server.sent("POST", "/v1/setup_intents")
    assert sent.params["usage"] == usage


def test_stripes_own_script_comes_from_stripe() -> None:
    gateway = StripeGateway(Credentials("sk_test_1", public_key="pk_test_1"))

    assert gateway.script_url == "https://js.stripe.com/v3/"


def test_a_customer_is_made_once(gateway: StripeGateway, server: StandIn) -> None:
    first = begin(gateway, "setup-2")

    second = begin(gateway, "setup-3", customer=first.customer)

    assert second.customer == first.customer
    assert len(server.sent("POST", "/v1/customers")) == 1


@pytest.mark.browser
@pytest.mark.parametrize("number", [APPROVED, ASKS_FOR_AUTHENTICATION])
def test_a_card_typed_into_stripes_fields_can_be_charged(
    gateway: StripeGateway, shopper: Shopper, number: str
) -> None:
    setup = begin(gateway, "typed-1")

    said = shopper(setup, number)

    assert said == "Saved"
    seen = gateway.fetch_setup(setup.id)
    assert (seen.outcome, seen.customer) == (SetupOutcome.SAVED, setup.customer)
    assert seen.card is not None
    assert (seen.card.customer, seen.card.last_four) == (setup.customer, number[-4:])
    assert (seen.card.exp_month, seen.card.exp_year) == (12, 2031)
    request = make_request(seen.card, f"typed-{number}")
    charge = gateway.confirm(gateway.create(request).id, request)
    expected = Outcome.SUCCEEDED if number == APPROVED else Outcome.REQUIRES_ACTION
    assert charge.outcome is expected


@pytest.mark.browser
def test_a_card_that_is_refused_is_not_on_file(gateway: StripeGateway, shopper: Shopper) -> None:
    setup = begin(gateway, "typed-2")

    said = shopper(setup, REFUSED_WHEN_SAVED)

    assert said == "Your card was declined."
    seen = gateway.fetch_setup(setup.id)
    # localstripe cancels what Stripe leaves open for another card.
    assert (seen.outcome, seen.card) == (SetupOutcome.CANCELLED, None)


@pytest.mark.browser
def test_a_card_can_be_saved_and_declined_later(gateway: StripeGateway, shopper: Shopper) -> None:
    setup = begin(gateway, "typed-3")
    shopper(setup, DECLINED_WHEN_CHARGED)
    card = gateway.fetch_setup(setup.id).card
    assert card is not None
    request = make_request(card, "typed-3")

    charge = gateway.confirm(gateway.create(request).id, request)

    assert charge.outcome is Outcome.DECLINED


def test_a_saved_card_becomes_its_customers_once(gateway: StripeGateway, server: StandIn) -> None:
    setup = begin(gateway, "attach-1")
    confirm(server, setup, make_method(server.url))

    first = gateway.fetch_setup(setup.id)

    assert gateway.fetch_setup(setup.id) == first
    assert len(server.sent("POST", r"/v1/payment_methods/\w+/attach")) == 1


def test_a_card_of_another_customer_is_refused(gateway: StripeGateway, server: StandIn) -> None:
    setup = begin(gateway, "attach-2")
    others = make_card(server.url)
    confirm(server, setup, others.token)

    with pytest.raises(NothingHappened) as refused:
        gateway.fetch_setup(setup.id)

    assert refused.value.code == "another_customers_card"
    assert client(server.url).v1.payment_methods.retrieve(others.token).customer == others.customer


def test_a_card_that_is_refused_only_when_it_becomes_the_customers_is_declined(
    gateway: StripeGateway, server: StandIn
) -> None:
    setup = begin(gateway, "attach-3")
    method = make_method(server.url)
    confirm(server, setup, method)
    error = {"type": "card_error", "code": "card_declined", "decline_code": "stolen_card", "message": "No."}
    server.answers["POST", f"/v1/payment_methods/{method}/attach"] = (402, {"error": error})

    seen = gateway.fetch_setup(setup.id)

    assert (seen.outcome, seen.card) == (SetupOutcome.DECLINED, None)
    assert seen.decline is not None
    assert seen.decline.kind is DeclineClass.STOLEN


def test_a_declined_setup_says_why(gateway: StripeGateway, server: StandIn) -> None:
    intent = {
        "object": "setup_intent",
        "id": "seti_1",
        "status": "requires_payment_method",
        "customer": "cus_1",
        "metadata": {"duebook_reference": "declined-1"},
        "last_setup_error": {"code": "card_declined", "decline_code": "do_not_honor", "message": "No."},
    }
    server.answers["GET", "/v1/setup_intents/seti_1"] = (200, intent)

    seen = gateway.fetch_setup("seti_1")

    assert (seen.outcome, seen.reference) == (SetupOutcome.DECLINED, "declined-1")
    assert seen.decline is not None
    assert (seen.decline.kind, seen.decline.code) == (DeclineClass.OTHER, "do_not_honor")


def test_a_forgotten_card_is_nobodys(gateway: StripeGateway, server: StandIn) -> None:
    card = make_card(server.url)

    gateway.forget_card(card.token)

    assert client(server.url).v1.payment_methods.retrieve(card.token).customer is None
    gateway.forget_card(card.token)


def test_forgetting_a_card_that_is_not_there_is_no_error(gateway: StripeGateway, server: StandIn) -> None:
    gateway.forget_card("pm_nowhere")

    method = make_method(server.url)
    refusal = {"type": "invalid_request_error", "message": "It is not attached to a customer."}
    server.answers["POST", f"/v1/payment_methods/{method}/detach"] = (400, {"error": refusal})
    gateway.forget_card(method)


def test_a_card_that_stripe_keeps_is_not_taken_for_forgotten(gateway: StripeGateway, server: StandIn) -> None:
    card = make_card(server.url)
    refusal = {"type": "invalid_request_error", "message": "Not now."}
    server.answers["POST", f"/v1/payment_methods/{card.token}/detach"] = (400, {"error": refusal})

    with pytest.raises(NothingHappened):
        gateway.forget_card(card.token)
