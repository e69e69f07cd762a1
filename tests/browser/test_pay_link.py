"""Paying by a link in a real browser: at the sandbox's own page, and in fields that a script puts on ours."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.jobs.tasks import close_link_payments, email_link_to_pay, forget_card_at_gateway
from duebook.payments.models import Charge, Payment, PaymentMethod
from tests.browser.test_card_fields import processor
from tests.browser.test_cards import FAVICON, NARROW, WIDE, a_business_with, enter_card
from tests.factories import day, make_contact, make_invoice, make_payment, make_user
from tests.gateways.sandbox.server import Sandbox, running_sandbox
from tests.payments.cards import jobs
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import offer_to_pay

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
GOOD, NO_FUNDS, AUTHENTICATES = "4242 4242 4242 4242", "4000 0000 0000 9995", "4000 0025 0000 3155"
FAULTS = "async () => (await axe.run()).violations.map(found => found.id)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def owed_by(acme: Contact) -> tuple[Invoice, Invoice]:
    first = make_invoice("60.00", contact=acme, title="Website", ordered_on=day(-40))
    return first, make_invoice("40.00", contact=acme, title="Hosting")


def path_of(*invoices: Invoice) -> str:
    return f"/pay/{offer_to_pay(*invoices).token}/"


def go_to_processor(page: Page) -> None:
    page.get_by_role("button", name="Continue to the card").click()
    page.get_by_role("link", name="Enter the card at the processor").click()


def meanwhile(act: Callable[[], Any]) -> None:
    """Do something in the database while the browser is where it is."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_staff_send_a_link_and_the_customer_pays_a_part_and_keeps_the_card(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox, axe_source: str, viewport: dict[str, int]
) -> None:
    acme = a_business_with(sandbox)
    first, second = owed_by(acme)
    clerk = make_user(role=Role.CLERK)

    def send(page: Page) -> None:
        page.goto(f"/orders/{first.order_id}/")
        page.get_by_role("link", name="Send a Pay Link").click()
        page.get_by_label(f"INV-{second.number}").check()
        page.get_by_role("button", name="Send the link").click()
        expect(page.get_by_text("It is on its way to acme@example.com.")).to_be_visible()

    browse(send, user=clerk, viewport=viewport)
    for job in jobs("email_pay_link"):
        email_link_to_pay(**job)
    link = re.search(r"http\S+", str(mail.outbox[0].body))
    assert link is not None

    def pay(page: Page) -> list[Any]:
        found = []

        def look() -> None:
            page.evaluate(axe_source)
            found.extend([*page.evaluate(FAULTS), *([] if page.evaluate(OVERFLOW) <= 0 else ["too wide"])])

        page.goto(link[0])
        expect(page.get_by_text("North Studio", exact=True)).to_be_visible()
        look()
        page.get_by_label("Amount to pay").fill("70.00")
        page.get_by_label("Keep this card for future payments").check()
        page.get_by_role("button", name="Continue to the card").click()
        expect(page.get_by_role("heading", name="Pay $70.00")).to_be_visible()
        expect(page.get_by_text("$30.00 stays due")).to_be_visible()
        look()
        page.get_by_role("link", name="Enter the card at the processor").click()
        enter_card(page, GOOD)
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("$70.00 was paid on")
        look()
        page.reload()
        page.go_back()
        page.goto(link[0])
        expect(page.get_by_label("Amount to pay")).to_have_value("30.00")
        return found

    assert browse(pay, viewport=viewport, bypass_csp=True, allowed_errors=FAVICON) == []
    assert [row["amount_minor"] for row in sandbox.book()["movements"]] == [7_000]
    assert Payment.objects.get().amount_minor == 7_000

    def see(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/cards/")
        expect(page.get_by_role("row").filter(has_text="Visa •••• 4242")).to_contain_text("default")
        page.get_by_role("navigation", name="Contact").get_by_role("link", name="Pay Links").click()
        page.get_by_role("button", name="Withdraw link").click()
        expect(page.get_by_role("status")).to_contain_text("The pay link is withdrawn.")
        page.goto(link[0])
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()

    browse(see, user=clerk, viewport=viewport, allowed_errors=("410",))


def test_a_declined_card_then_another_without_javascript(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox
) -> None:
    acme = a_business_with(sandbox)
    path = path_of(*owed_by(acme))

    def steps(page: Page) -> None:
        page.goto(path)
        go_to_processor(page)
        enter_card(page, NO_FUNDS)
        expect(page.get_by_role("alert")).to_contain_text("not enough money. Your card was not charged.")
        page.get_by_role("link", name="Try again or use another card").click()
        go_to_processor(page)
        enter_card(page, GOOD)
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        page.get_by_role("link", name="What is still due").click()
        expect(page.get_by_role("heading", name="Everything is paid")).to_be_visible()
        page.get_by_role("link", name="Receipt P-").click()
        expect(page.get_by_role("link", name="Receipt as PDF")).to_be_visible()

    browse(steps, java_script_enabled=False, allowed_errors=FAVICON)

    assert list(Invoice.objects.values_list("balance_due_minor", flat=True)) == [0, 0]
    assert not PaymentMethod.objects.filter(active=True).exists()
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)


def test_an_outcome_that_is_not_known_resolves_itself(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = a_business_with(sandbox)
    path = path_of(*owed_by(acme))
    sandbox.fault("drop_after", operation="confirm_charge")
    monkeypatch.setattr("duebook.portal.views.pay.LOOKS_AGAIN", "1")

    def steps(page: Page) -> None:
        page.goto(path)
        go_to_processor(page)
        enter_card(page, GOOD)
        expect(page.get_by_role("heading", name="We are asking the card processor")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("You do not have to pay again.")
        # The janitor's next turn; the page that looks again by itself takes it as well as any.
        meanwhile(lambda: Charge.objects.update(ask_at=timezone.now()))
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    browse(steps, java_script_enabled=False, allowed_errors=FAVICON)

    assert len(sandbox.book()["movements"]) == 1
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("button", "heading"),
    [("Complete authentication", "Thank you"), ("Fail authentication", "Nothing was charged")],
)
def test_a_bank_that_asks_its_customer_gets_them_and_sends_them_back(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox, button: str, heading: str
) -> None:
    acme = a_business_with(sandbox)
    path = path_of(*owed_by(acme))

    def steps(page: Page) -> None:
        page.goto(path)
        go_to_processor(page)
        enter_card(page, AUTHENTICATES)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()

    browse(steps, allowed_errors=FAVICON)

    paid = heading == "Thank you"
    assert sum(row["amount_minor"] for row in sandbox.book()["movements"]) == (10_000 if paid else 0)
    close_link_payments(0)
    assert not PaymentMethod.objects.filter(active=True).exists()


def test_who_cannot_confirm_at_the_bank_uses_another_card_without_javascript(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox
) -> None:
    acme = a_business_with(sandbox)
    path = path_of(*owed_by(acme))

    def steps(page: Page) -> None:
        page.goto(path)
        page.get_by_label("Amount to pay").fill("25.00")
        go_to_processor(page)
        enter_card(page, AUTHENTICATES)
        expect(page.get_by_role("button", name="Complete authentication")).to_be_visible()
        page.goto(path)
        page.get_by_role("link", name="Look at the payment that is under way").click()
        page.get_by_role("button", name="Cancel it and use another card").click()
        expect(page.get_by_label("Amount to pay")).to_have_value("25.00")
        go_to_processor(page)
        enter_card(page, GOOD)
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    browse(steps, java_script_enabled=False, allowed_errors=FAVICON)

    assert [row["amount_minor"] for row in sandbox.book()["movements"]] == [2_500]
    assert list(Charge.objects.order_by("id").values_list("state", flat=True)) == [
        "not_performed",
        "succeeded",
    ]


def test_a_card_typed_into_the_processor_s_fields_pays(
    browse: Browse, live_server: LiveServer, gateway: FakeGateway
) -> None:
    path = path_of(*owed_by(make_contact("Acme")))

    def steps(page: Page) -> None:
        page.goto(path)
        page.get_by_label("Amount to pay").fill("25")
        page.get_by_role("button", name="Continue to the card").click()
        fields = page.frame_locator("iframe[title='Card fields of pk_1']")
        expect(fields.get_by_text("4242")).to_be_visible()
        page.get_by_role("button", name="Pay $25.00").click()
        expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
        page.get_by_role("button", name="Pay $25.00").click()
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        expect(page.get_by_text("The card is not kept.")).to_be_visible()

    with processor(gateway) as server:
        server.declines = 1
        browse(steps, allowed_errors=("402",))

    assert gateway.taken_minor() == 2_500
    assert Payment.objects.get().amount_minor == 2_500


def test_what_a_clerk_recorded_meanwhile_is_not_paid_twice(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox
) -> None:
    acme = a_business_with(sandbox)
    first, _second = owed_by(acme)
    path = path_of(first)

    def steps(page: Page) -> None:
        page.goto(path)
        go_to_processor(page)
        meanwhile(lambda: make_payment("60.00", invoice=first))
        enter_card(page, GOOD)
        expect(page.get_by_role("alert")).to_contain_text(
            "This has been paid meanwhile. Your card was not charged."
        )

    browse(steps, allowed_errors=FAVICON)

    assert sandbox.book()["movements"] == []
