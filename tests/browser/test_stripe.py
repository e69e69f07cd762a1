"""Stripe, played by localstripe, from adding the account to the refund, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, GatewayRefund, PaymentMethod
from tests.factories import make_contact, make_invoice, make_user
from tests.gateways.stripe.stand_in import SECRET, StandIn, stand_in

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
BUTTON = "Charge card and apply payment"
DECLINES_WHEN_CHARGED = "4000000000000341"


@pytest.fixture
def stripe_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in(tmp_path) as server:
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        yield server


def add_the_account(page: Page) -> None:
    page.goto("/settings/merchant-accounts/")
    page.get_by_role("link", name="Add Merchant Account").first.click()
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_label("Card processor").select_option(label="Stripe")
    page.get_by_label("Secret key").fill(SECRET)
    page.get_by_label("Publishable key").fill("pk_test_12345")
    page.get_by_role("button", name="Test and add").click()
    expect(page.get_by_text("TEST").first).to_be_visible()


def put_on_file(page: Page, contact_id: int, number: str) -> None:
    page.goto(f"/contacts/{contact_id}/cards/")
    page.get_by_role("button", name="Make a link to copy").click()
    page.goto(page.get_by_label("Copy it now").input_value())
    for placeholder, typed in (("number", number), ("exp_month", "12"), ("exp_year", "49"), ("cvc", "123")):
        page.locator(f"#card-fields input[placeholder={placeholder}]").fill(typed)
    page.get_by_role("button", name="Save the card").click()
    expect(page.get_by_role("heading", name="Your card is on file")).to_be_visible()
    expect(page.get_by_text(f"•••• {number[-4:]}")).to_be_visible()


def charge(page: Page, invoice: Invoice, last_four: str) -> None:
    page.goto(f"/contacts/{invoice.contact_id}/payments/new/?invoice={invoice.pk}")
    page.get_by_label("Payment Type").select_option(label="Credit Card (charge now)")
    page.get_by_label(f"•••• {last_four}").check()
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", name="Charge this card?")).to_be_visible()
    page.get_by_role("button", name=BUTTON).click()


def test_from_the_account_and_the_card_to_the_charge_and_the_refund(
    browse: Browse, live_server: LiveServer, stripe_server: StandIn
) -> None:
    acme = make_contact("Acme", given_name="Marta", family_name="Keller")
    invoice = make_invoice("120.00", contact=acme)

    def steps(page: Page) -> None:
        add_the_account(page)
        put_on_file(page, acme.pk, DECLINES_WHEN_CHARGED)
        put_on_file(page, acme.pk, "4242424242424242")

        charge(page, invoice, "0341")
        expect(page.get_by_role("alert")).to_contain_text("The bank declined this card")
        charge(page, invoice, "4242")
        notice = page.get_by_role("status").filter(has_text="applied to")
        expect(notice).to_contain_text(f"of 120.00 applied to {invoice}. Balance due is now 0.00.")

        notice.get_by_role("link", name="P-").click()
        page.get_by_role("link", name="Refund", exact=True).click()
        expect(page.get_by_label("Back to Visa •••• 4242")).to_be_checked()
        page.get_by_label("Amount", exact=True).fill("50")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_label("All of the balance that the refund re-opens").check()
        page.get_by_role("button", name="Refund to the card", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("50.00 of")

    browse(steps, user=make_user(role=Role.OWNER), allowed_errors=("402", "422"))

    assert PaymentMethod.objects.count() == 2
    assert sorted(Charge.objects.values_list("state", flat=True)) == ["declined", "succeeded"]
    taken = Charge.objects.get(state="succeeded")
    assert (taken.captured_minor, taken.refunded_minor) == (12000, 5000)
    assert GatewayRefund.objects.get().state == "succeeded"
    assert Invoice.objects.get().balance_due_minor == 5000
    [given_back] = stripe_server.sent("POST", "/v1/refunds")
    assert given_back.params["amount"] == "5000"
