"""Charging a card in a real browser, by visible labels: approved, declined, unknown for a while."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Role
from duebook.gateways.protocol import OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Payment
from duebook.payments.services.ask_gateway import ask_gateway
from tests.factories import make_contact, make_invoice, make_user
from tests.payments.fake_gateway import FakeGateway, install, make_card

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
NARROW = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 800}}
BUTTON = "Charge card and apply payment"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """The live server runs in this process, so it speaks with this gateway too."""
    return install(monkeypatch)


def scene() -> Invoice:
    marta = make_contact(
        "Keller Studio", given_name="Marta", family_name="Keller", email="marta@keller.example"
    )
    invoice = make_invoice("480.00", contact=marta)
    make_card(marta, "tok_no_funds", last_four="9995")
    make_card(marta, "tok_old", last_four="0341", exp_year=2025, brand="Mastercard")
    make_card(marta, "tok_ok", last_four="4242", is_default=True)
    return invoice


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def choose(page: Page, invoice: Invoice) -> None:
    page.goto(f"/contacts/{invoice.contact_id}/orders/")
    page.get_by_role("link", name="Add Payment", exact=True).click()
    expect(page.get_by_role("button", name="Apply Payment")).to_be_visible()
    expect(page.get_by_role("group", name="Card")).to_be_hidden()
    page.get_by_label("Payment Type").select_option(label="Credit Card (charge now)")


def confirm(page: Page) -> None:
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", name="Charge this card?")).to_be_visible()
    page.get_by_role("button", name=BUTTON).click()


def test_approved_after_another_card_was_declined(browse: Browse, gateway: FakeGateway) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = scene()

    def steps(page: Page) -> None:
        choose(page, invoice)
        for hidden in ("Date", "Reference"):
            expect(page.get_by_label(hidden, exact=True)).to_be_hidden()
        expect(page.get_by_label("Visa •••• 4242")).to_be_checked()
        expect(page.get_by_label("Mastercard •••• 0341")).to_be_disabled()
        page.get_by_label("Visa •••• 9995").check()
        expect(page.get_by_text("Card clearing Sandbox")).to_be_visible()
        confirm(page)
        expect(page.get_by_role("alert")).to_contain_text("The bank declined this card: not enough money")
        expect(page.get_by_label("Visa •••• 9995")).to_be_checked()
        page.get_by_label("Visa •••• 4242").check()
        page.get_by_label("Amount", exact=True).fill("300")
        confirm(page)
        notice = page.get_by_role("status").filter(has_text="applied to")
        expect(notice).to_contain_text(f"of 300.00 applied to {invoice}. Balance due is now 180.00.")
        expect(notice.get_by_role("link", name="Receipt")).to_be_visible()

    browse(steps, user=clerk, allowed_errors=("422",), **WIDE)

    assert balance_of(invoice) == 18000
    assert gateway.taken_minor() == 30000


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_an_unknown_outcome_resolves_itself_while_one_looks(
    browse: Browse, gateway: FakeGateway, size: dict[str, Any]
) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = scene()
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    seen = threading.Event()
    worker = threading.Thread(target=resolve_when, args=(seen,))
    worker.start()

    def steps(page: Page) -> None:
        choose(page, invoice)
        confirm(page)
        expect(page.get_by_text("Unknown: we are asking the processor").first).to_be_visible()
        seen.set()
        expect(page.get_by_text("The card was charged.")).to_be_visible()
        expect(page.get_by_text("The processor was asked: approved.")).to_be_visible()
        expect(page.get_by_role("link", name="Receipt")).to_be_visible()

    try:
        browse(steps, user=clerk, **size)
    finally:
        seen.set()
        worker.join()

    assert balance_of(invoice) == 0
    assert Payment.objects.get().amount_minor == 48000
    assert gateway.captures == {"ch_1": 1}


def resolve_when(seen: threading.Event) -> None:
    """What the worker does when it is the charge's turn."""
    try:
        if seen.wait(timeout=60) and (charge := Charge.objects.first()) is not None:
            Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
            ask_gateway(charge_id=charge.pk)
    finally:
        connection.close()


def test_it_works_without_javascript(browse: Browse, gateway: FakeGateway) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = scene()

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        page.get_by_label("Payment Type").select_option(label="Credit Card (charge now)")
        page.get_by_label("Visa •••• 4242").check()
        page.get_by_role("button", name="Apply Payment").click()
        expect(page.get_by_role("heading", name="Charge this card?")).to_be_visible()
        page.get_by_role("button", name="Back").click()
        page.get_by_label("Amount", exact=True).fill("80.00")
        confirm(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            "Balance due is now 400.00."
        )

    browse(steps, user=clerk, java_script_enabled=False, **NARROW)

    assert balance_of(invoice) == 40000
