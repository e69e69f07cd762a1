"""From the link to the card on file, in a real browser, with the sandbox running as a process of its own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.gateways import accounts
from duebook.jobs.tasks import email_link_for_card, forget_card_at_gateway
from duebook.payments.models import PaymentMethod
from duebook.staff.models import Business
from duebook.staff.sealing import seal
from tests.factories import make_contact, make_user
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.payments.cards import jobs
from tests.payments.fake_gateway import make_card, make_merchant_account

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
FAVICON = ("401",)
"""The sandbox has no icon, for which a browser asks by itself."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def a_business_with(sandbox: Sandbox) -> Contact:
    """A business whose default account is at this sandbox, and a customer."""
    Business.objects.update(name="North Studio", email="office@north.example")
    make_merchant_account(
        base_url=sandbox.url, sealed_secret=seal(SECRET, purpose=accounts.PURPOSE), is_default=True
    )
    return make_contact("Acme", given_name="Marta", family_name="Keller")


def enter_card(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry (MM/YY)").fill("12/49")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Save").click()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_staff_send_a_link_and_the_customer_puts_a_card_on_file(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox, axe_source: str, viewport: dict[str, int]
) -> None:
    acme = a_business_with(sandbox)
    clerk = make_user(role=Role.CLERK)
    faults = "async () => (await axe.run()).violations.map(found => found.id)"

    def send(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/")
        page.get_by_role("navigation", name="Contact").get_by_role("link", name="Cards").click()
        page.get_by_role("button", name="Send a link to add a card").click()
        expect(page.get_by_text("It is on its way to acme@example.com.")).to_be_visible()

    browse(send, user=clerk, viewport=viewport)
    for job in jobs("email_card_link"):
        email_link_for_card(**job)
    link = re.search(r"http\S+", str(mail.outbox[0].body))
    assert link is not None

    def add(page: Page) -> list[str]:
        page.goto(link[0])
        page.evaluate(axe_source)
        found = page.evaluate(faults)
        expect(page.get_by_text("North Studio keeps this card on file for Marta Keller")).to_be_visible()
        page.get_by_role("link", name="Enter the card at the processor").click()
        enter_card(page, "4000000000000002")
        expect(page.get_by_role("alert")).to_be_visible()
        page.goto(link[0])
        expect(page.get_by_role("alert")).to_contain_text("The card was not saved.")
        page.get_by_role("link", name="Enter the card at the processor").click()
        enter_card(page, "4242 4242 4242 4242")
        expect(page.get_by_role("heading", name="Your card is on file")).to_be_visible()
        expect(page.get_by_text("Visa •••• 4242")).to_be_visible()
        page.evaluate(axe_source)
        return [*found, *page.evaluate(faults)]

    assert browse(add, viewport=viewport, bypass_csp=True, allowed_errors=("422", *FAVICON)) == []

    def look(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/cards/")
        row = page.get_by_role("row").filter(has_text="Visa •••• 4242")
        expect(row).to_contain_text("default")
        expect(row).to_contain_text("12/49")
        expect(row).to_contain_text("TEST")
        row.get_by_role("link", name="Deactivate").click()
        page.get_by_role("button", name="Deactivate").click()
        expect(page.get_by_role("status")).to_contain_text("Visa •••• 4242 is deactivated.")

    browse(look, user=clerk, viewport=viewport)
    card = PaymentMethod.objects.get()
    assert not card.active
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)
    setup = sandbox.ask("GET", f"/setups/{card.setups.get().gateway_id}")
    assert setup["outcome"] == "saved"


def test_the_whole_way_works_without_javascript_and_under_its_policy(
    browse: Browse, live_server: LiveServer, sandbox: Sandbox
) -> None:
    acme = a_business_with(sandbox)
    make_card(acme, "tok_old", last_four="1881", customer="", is_default=True)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/cards/")
        page.get_by_role("button", name="Make a link to copy").click()
        page.goto(page.get_by_label("Copy it now").input_value())
        page.get_by_role("link", name="Enter the card at the processor").click()
        enter_card(page, "4242424242424242")
        expect(page.get_by_role("heading", name="Your card is on file")).to_be_visible()
        page.goto(f"/contacts/{acme.pk}/cards/")
        page.get_by_role("button", name="Make default: Visa •••• 4242").click()
        expect(page.get_by_role("status")).to_contain_text("Visa •••• 4242 is the default now.")

    browse(steps, user=make_user(role=Role.CLERK), java_script_enabled=False, allowed_errors=FAVICON)

    assert PaymentMethod.objects.get(is_default=True).token != "tok_old"
