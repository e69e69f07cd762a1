"""Stripe, played by localstripe, in a real browser: from the account to the refund, and paying by a link."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.jobs.tasks import email_link_to_pay, email_receipt_of, forget_card_at_gateway
from duebook.payments.card_reading import cards_of
from duebook.payments.models import Charge, GatewayRefund, Payment, PaymentMethod
from duebook.staff.models import Business
from tests.factories import day, make_contact, make_invoice, make_user
from tests.gateways.stripe.stand_in import SECRET, StandIn, stand_in
from tests.payments.cards import jobs

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
BUTTON = "Charge card and apply payment"
APPROVED, DECLINES_WHEN_CHARGED = "4242424242424242", "4000000000000341"


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


def type_card(page: Page, number: str) -> None:
    for placeholder, typed in (("number", number), ("exp_month", "12"), ("exp_year", "49"), ("cvc", "123")):
        page.locator(f"#card-fields input[placeholder={placeholder}]").fill(typed)


def put_on_file(page: Page, contact_id: int, number: str) -> None:
    page.goto(f"/contacts/{contact_id}/cards/")
    page.get_by_role("button", name="Make a link to copy").click()
    page.goto(page.get_by_label("Copy it now").input_value())
    type_card(page, number)
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
        put_on_file(page, acme.pk, APPROVED)

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


def send_link(page: Page, invoice: Invoice, other: Invoice) -> str:
    """The staff send it, and the customer finds its address in the message."""
    page.goto(f"/orders/{invoice.order_id}/")
    page.get_by_role("link", name="Send a Pay Link").click()
    page.get_by_label(f"INV-{other.number}").check()
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("It is on its way to")).to_be_visible()
    return page.get_by_label("Copy it now").input_value()


def test_a_customer_pays_a_part_by_a_link_after_a_declined_card_and_keeps_the_other(
    browse: Browse, live_server: LiveServer, stripe_server: StandIn
) -> None:
    Business.objects.update(name="North Studio", email_receipts=True)
    acme = make_contact("Acme", email="acme@example.com")
    first = make_invoice("60.00", contact=acme, title="Website", ordered_on=day(-40))
    second = make_invoice("40.00", contact=acme, title="Hosting")

    def offer(page: Page) -> str:
        add_the_account(page)
        return send_link(page, first, second)

    copied = browse(offer, user=make_user(role=Role.OWNER))
    for job in jobs("email_pay_link"):
        email_link_to_pay(**job)
    link = re.search(r"http\S+", str(mail.outbox[0].body))
    assert link is not None
    assert link[0] == copied

    def pay(page: Page) -> None:
        page.goto(link[0])
        page.get_by_label("Amount to pay").fill("70")
        page.get_by_label("Keep this card for future payments").check()
        page.get_by_role("button", name="Continue to the card").click()
        type_card(page, DECLINES_WHEN_CHARGED)
        page.get_by_role("button", name="Pay $70.00").click()
        expect(page.get_by_role("heading", name="Nothing was charged")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("Your card was not charged.")
        page.get_by_role("link", name="Try again or use another card").click()

        page.get_by_label("Amount to pay").fill("70")
        page.get_by_label("Keep this card for future payments").check()
        page.get_by_role("button", name="Continue to the card").click()
        type_card(page, APPROVED)
        page.get_by_role("button", name="Pay $70.00").click()
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("$70.00 was paid on")
        expect(page.get_by_text("$30.00 is due now")).to_be_visible()
        expect(page.get_by_text("The receipt also comes by e-mail. The card is kept")).to_be_visible()
        receipt = page.get_by_role("link", name="Receipt as PDF").get_attribute("href")
        assert page.request.get(f"{live_server.url}{receipt}").body().startswith(b"%PDF")
        page.reload()
        page.go_back()
        page.goto(link[0])
        expect(page.get_by_label("Amount to pay")).to_have_value("30.00")

    browse(pay, allowed_errors=("402",))

    assert [charge.state for charge in Charge.objects.order_by("id")] == ["declined", "succeeded"]
    assert Payment.objects.get().amount_minor == 7_000
    assert [invoice.balance_due_minor for invoice in Invoice.objects.order_by("id")] == [0, 3_000]
    (kept,) = cards_of(acme.pk)
    assert (str(kept), kept.is_default, kept.active) == ("Visa •••• 4242", True, True)
    for job in jobs("email_receipt"):
        email_receipt_of(**job)
    assert "70.00" in str(mail.outbox[1].body)
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)
    (detached,) = stripe_server.sent("POST", r"/v1/payment_methods/\w+/detach")
    assert detached.path.split("/")[3] == PaymentMethod.objects.get(on_file=False).token
    confirmed = stripe_server.sent("POST", r"/v1/payment_intents/\w+/confirm")
    assert [one.params["setup_future_usage"] for one in confirmed] == ["off_session", "off_session"]
