"""The card processor's own fields on our page: its script and ours run there, under the page's policy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.payments.models import PaymentMethod
from tests.factories import make_contact
from tests.payments.cards import offer
from tests.payments.fake_gateway import FakeGateway

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]

SCRIPT = """
window.Stripe = (publicKey) => ({
  elements: () => ({ create: () => ({ mount: (place) => {
    const frame = document.createElement("iframe");
    frame.title = "Card fields of " + publicKey;
    frame.src = "%(origin)s/fields";
    document.querySelector(place).append(frame);
  } }) }),
  confirmCardSetup: async (secret) => {
    const answer = await fetch("%(origin)s/confirm?" + secret, { method: "POST" });
    return answer.ok ? {} : { error: { message: "Your card was declined." } };
  },
});
"""


class Processor(ThreadingHTTPServer):
    """Serves the script, the frame with the fields, and takes the confirmation."""

    declines = 0

    def __init__(self, gateway: FakeGateway) -> None:
        self.gateway = gateway
        self.confirmed: list[str] = []
        super().__init__(("127.0.0.1", 0), Answers)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Processor

    def do_GET(self) -> None:
        if self.path == "/v3/":
            self._answer("text/javascript", SCRIPT % {"origin": self.server.origin})
        else:
            self._answer("text/html", "<p>4242</p>")

    def do_POST(self) -> None:
        self.server.confirmed.append(self.path)
        if len(self.server.confirmed) <= self.server.declines:
            self._answer("application/json", "{}", status=402)
            return
        self.server.gateway.type_card()
        self._answer("application/json", "{}")

    def _answer(self, kind: str, text: str, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base calls it
        """Nothing: the test's own output is enough."""


@contextmanager
def processor(gateway: FakeGateway) -> Iterator[Processor]:
    with Processor(gateway) as server:
        gateway.script_url = f"{server.origin}/v3/"
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_card_typed_into_the_processor_s_fields_is_on_file(
    browse: Browse, live_server: LiveServer, gateway: FakeGateway
) -> None:
    token = offer(make_contact("Acme")).token

    def steps(page: Page) -> None:
        page.goto(f"/pay/cards/{token}/")
        fields = page.frame_locator("iframe[title='Card fields of pk_1']")
        expect(fields.get_by_text("4242")).to_be_visible()
        page.get_by_role("button", name="Save the card").click()
        expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
        page.get_by_role("button", name="Save the card").click()
        expect(page.get_by_role("heading", name="Your card is on file")).to_be_visible()

    with processor(gateway) as server:
        server.declines = 1
        browse(steps, allowed_errors=("402",))

    assert server.confirmed == ["/confirm?seti_1_secret"] * 2
    assert str(PaymentMethod.objects.get()) == "Visa •••• 4242"


def test_where_the_script_does_not_load_the_page_says_so(
    browse: Browse, live_server: LiveServer, gateway: FakeGateway
) -> None:
    token = offer(make_contact("Acme")).token
    gateway.script_url = "http://127.0.0.1:9/v3/"

    def steps(page: Page) -> None:
        page.goto(f"/pay/cards/{token}/")
        expect(page.get_by_role("alert")).to_contain_text("did not load")
        expect(page.get_by_role("button", name="Save the card")).to_be_disabled()

    browse(steps, allowed_errors=("net::", "ERR_"))
