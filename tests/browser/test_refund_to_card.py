"""Refunds to the card in a real browser, by visible labels, with a gateway in memory."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Role
from duebook.gateways.protocol import NothingHappened, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import GatewayRefund, Payment, Refund
from duebook.payments.services.ask_about_refund import ask_about_refund
from tests.factories import make_user
from tests.payments.charging import a_charged_payment, its_turn
from tests.payments.fake_gateway import FakeGateway

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
SIZES = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]
ALL = "All of the balance that the refund re-opens"
ANSWERS = [
    (ALL, "", "20.00 is owed again.", 2000),
    ("Nothing: credit it, the price is lowered", "", "20.00 is credited and not owed any more.", 2000),
    ("Nothing: write it off, as a bad debt", "", "20.00 is written off and not owed any more.", 2000),
    ("Another amount", "5", "5.00 is owed again.", 2500),
]
"""Each answer, the amount typed with it, what the preview says, and what is owed of the invoice then."""


def open_form(page: Page, payment: Payment) -> None:
    page.goto(f"/payments/{payment.pk}/")
    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.get_by_label("Back to Visa •••• 4242")).to_be_checked()


@pytest.mark.parametrize("viewport", SIZES)
def test_a_part_goes_back_to_the_card_with_each_answer_to_what_is_owed(
    browse: Browse, gateway: FakeGateway, viewport: dict[str, int]
) -> None:
    payment = a_charged_payment()

    def steps(page: Page) -> None:
        panel = page.get_by_role("region", name="What this will do")
        for answer, amount, said, _owed in ANSWERS:
            open_form(page, payment)
            for hidden in ("Date", "Reference"):
                expect(page.get_by_label(hidden)).to_be_hidden()
            page.get_by_label("Amount", exact=True).fill("20")
            page.get_by_label("Reason").fill("Goods came back")
            page.get_by_label(answer).check()
            if amount:
                page.get_by_label("Amount owed afterwards").fill(amount)
            expect(panel).to_contain_text(said)
            expect(panel).to_contain_text("Card clearing Sandbox")
            page.get_by_role("button", name="Refund to the card", exact=True).click()
            expect(page.get_by_role("status")).to_contain_text(
                f"20.00 of {payment} went back to Visa •••• 4242. Balance due of"
            )
        expect(page.get_by_role("cell", name="Given back")).to_have_count(4)

    browse(steps, user=make_user(role=Role.MANAGER), viewport=viewport)

    assert gateway.given_back_minor() == 8000
    assert Invoice.objects.get().balance_due_minor == ANSWERS[-1][3]
    assert sorted(Payment.objects.values_list("payment_type__label", "amount_minor")) == [
        ("Adjustment", 1500),
        ("Adjustment", 2000),
        ("Credit Card (charge now)", 10000),
        ("Write-off", 2000),
    ]


def test_refused_becomes_a_manual_refund_with_everything_typed(browse: Browse, gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)

    def steps(page: Page) -> None:
        open_form(page, payment)
        page.get_by_label("Amount", exact=True).fill("40")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_role("button", name="Refund to the card", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing went back, and nothing is recorded.")
        page.get_by_role("button", name="Record it as a manual refund").click()
        expect(page.get_by_label("Check or transfer, from Bank")).to_be_checked()
        expect(page.get_by_label("Reason")).to_have_value("Goods came back")
        page.get_by_label("Reference").fill("SEPA 7")
        page.get_by_role("button", name="Record Refund", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(f"40.00 of {payment} is refunded.")

    browse(steps, user=make_user(role=Role.MANAGER), viewport=SIZES[1], allowed_errors=("422",))

    row = Refund.objects.get()
    assert (row.means, row.reference, gateway.given_back_minor()) == ("by_hand", "SEPA 7", 0)


@pytest.mark.parametrize("viewport", SIZES)
def test_an_unknown_outcome_resolves_itself_while_one_looks(
    browse: Browse, gateway: FakeGateway, viewport: dict[str, int]
) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    seen = threading.Event()
    worker = threading.Thread(target=resolve_when, args=(seen,))
    worker.start()

    def steps(page: Page) -> None:
        open_form(page, payment)
        page.get_by_label("Amount", exact=True).fill("40")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_role("button", name="Refund to the card", exact=True).click()
        expect(page.get_by_text("Unknown: we are asking the processor whether 40.00")).to_be_visible()
        expect(page.get_by_role("link", name="Refund", exact=True)).to_have_count(0)
        seen.set()
        expect(page.get_by_role("status")).to_contain_text(f"40.00 of {payment} went back")
        expect(page.get_by_role("link", name="Refund", exact=True)).to_be_visible()

    try:
        browse(steps, user=make_user(role=Role.MANAGER), viewport=viewport)
    finally:
        seen.set()
        worker.join()

    assert (Refund.objects.get().amount_minor, gateway.given_back_minor()) == (4000, 4000)


def resolve_when(seen: threading.Event) -> None:
    """What the worker does when it is the refund's turn."""
    try:
        if seen.wait(timeout=60) and (attempt := GatewayRefund.objects.first()) is not None:
            its_turn(attempt)
            ask_about_refund(attempt_id=attempt.pk)
    finally:
        connection.close()


def test_it_works_without_javascript(browse: Browse, gateway: FakeGateway) -> None:
    payment = a_charged_payment()

    def steps(page: Page) -> None:
        open_form(page, payment)
        expect(page.get_by_label("Date")).to_be_hidden()
        page.get_by_label("Amount", exact=True).fill("40")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("40.00 is owed again.")).to_be_visible()
        page.get_by_role("button", name="Refund to the card", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(f"40.00 of {payment} went back")

    browse(steps, user=make_user(role=Role.MANAGER), viewport=SIZES[1], java_script_enabled=False)

    assert gateway.given_back_minor() == 4000
