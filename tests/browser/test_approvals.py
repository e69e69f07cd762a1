"""Two persons in a real browser: a refund above a limit, and a charge of which the processor says nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Right, Role
from duebook.payments.models import Charge, OutcomeProposal, Payment, Refund, RefundRequest
from duebook.staff.models import RoleLimit
from tests.factories import make_user
from tests.payments.charging import a_charged_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import asked_out

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
SIZES = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]


@pytest.mark.parametrize(
    "how", [{"viewport": SIZES[0]}, {"viewport": SIZES[1]}, {"java_script_enabled": False}]
)
def test_a_manager_asks_for_a_large_refund_and_the_owner_approves(
    browse: Browse, gateway: FakeGateway, how: dict[str, Any]
) -> None:
    RoleLimit.objects.create(role="manager", right=Right.REFUND.value, currency="USD", amount_minor=3000)
    payment = a_charged_payment()
    mia, olga = make_user(role=Role.MANAGER), make_user(role=Role.OWNER)

    def ask(page: Page) -> None:
        page.goto(f"/payments/{payment.pk}/refunds/")
        page.get_by_label("Amount", exact=True).fill("40")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_role("button", name="Refund to the card", exact=True).click()
        expect(page.locator("#act-form").get_by_text("40.00 is above your limit of 30.00.")).to_be_visible()
        page.get_by_role("button", name="Ask for approval").click()
        expect(page.get_by_role("status")).to_contain_text("waits for another person’s approval")

    def approve(page: Page) -> None:
        page.goto("/decisions/")
        page.get_by_role("link", name=f"Approve or reject the refund of {payment}").click()
        expect(page.get_by_text("Mia ·")).to_be_visible()
        expect(page.get_by_role("region", name="What this will do")).to_contain_text("40.00 is owed again.")
        page.get_by_role("button", name="Approve and refund to the card").click()
        expect(page.get_by_role("status")).to_contain_text(f"40.00 of {payment} went back to Visa •••• 4242.")

    browse(ask, user=mia, allowed_errors=("422",), **how)
    assert gateway.given_back_minor() == 0
    browse(approve, user=olga, **how)

    assert gateway.given_back_minor() == Refund.objects.get().amount_minor == 4000
    request = RefundRequest.objects.get()
    assert (request.state, request.asked_by_id, request.decided_by_id) == ("approved", mia.pk, olga.pk)


@pytest.mark.parametrize("viewport", SIZES)
def test_an_unknown_charge_is_settled_by_two_persons(
    browse: Browse, gateway: FakeGateway, viewport: dict[str, int]
) -> None:
    charge = asked_out(gateway)
    carl, olga = make_user(role=Role.CLERK), make_user(role=Role.OWNER)

    def propose(page: Page) -> None:
        page.goto("/decisions/")
        page.get_by_role("link", name=f"Settle by hand {charge}").click()
        page.get_by_label("It did not happen").check()
        expect(page.get_by_label("Reference at the processor")).to_be_hidden()
        page.get_by_label("It happened").check()
        page.get_by_label("Reference at the processor").fill("pay_42")
        page.get_by_label("How you know").fill("Seen in the dashboard")
        page.get_by_role("button", name="Ask for approval").click()
        expect(page.get_by_text("What a person saw at the processor waits for approval.")).to_be_visible()

    def approve(page: Page) -> None:
        page.goto("/decisions/")
        page.get_by_role("link", name=f"Look at it: outcome of {charge}").click()
        expect(page.get_by_text("pay_42")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("The card was charged.")).to_be_visible()

    browse(propose, user=carl, viewport=viewport)
    browse(approve, user=olga, viewport=viewport)

    assert Charge.objects.get().state == "succeeded"
    assert Payment.objects.get().amount_minor == 4000
    assert OutcomeProposal.objects.get().decided_by_id == olga.pk
