"""A refund in a real browser, by visible labels: the question what is owed afterwards, and its preview."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.payments.models import Refund, RefundReversal
from tests.factories import (
    day,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_refund,
    make_user,
)

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
SIZES = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]


@pytest.mark.parametrize("viewport", SIZES)
def test_a_part_goes_back_and_the_preview_follows(browse: Browse, viewport: dict[str, int]) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    marta = make_contact("Keller Studio", given_name="Marta", family_name="Keller")
    invoice = make_invoice("480.00", contact=marta, ordered_on=day(-20), lead_partner_id=dana.pk)
    payment = make_payment("480.00", invoice=invoice, received_on=day(-9))

    def steps(page: Page) -> None:
        page.goto(f"/payments/{payment.pk}/")
        page.get_by_role("link", name="Refund", exact=True).click()
        panel = page.get_by_role("region", name="What this will do")
        expect(page.get_by_label("Amount", exact=True)).to_have_value("480.00")
        expect(page.get_by_label("Amount owed afterwards")).to_be_hidden()
        page.get_by_label("Amount", exact=True).fill("100")
        expect(panel).to_contain_text("100.00 is owed again.")
        page.get_by_label("Another amount").check()
        page.get_by_label("Amount owed afterwards").fill("30")
        expect(panel).to_contain_text("70.00 is credited and not owed any more.")
        expect(panel).to_contain_text("Dana")
        page.get_by_label("Reason").fill("Goods came back")
        page.get_by_role("button", name="Record Refund").click()
        expect(page.get_by_role("status")).to_contain_text(f"100.00 of {payment} is refunded.")
        expect(page.get_by_role("heading", name="Refunded", exact=True)).to_be_visible()

    browse(steps, user=make_user(role=Role.MANAGER), viewport=viewport)

    assert Refund.objects.get().amount_minor == 10000
    assert Invoice.objects.get().balance_due_minor == 3000


@pytest.mark.parametrize("viewport", SIZES)
def test_a_refund_entered_by_mistake_is_undone_from_the_payment(
    browse: Browse, viewport: dict[str, int]
) -> None:
    payment = make_payment("480.00", invoice=make_invoice("480.00", ordered_on=day(-20)))
    make_refund(payment, "100.00", owes="30.00")

    def steps(page: Page) -> None:
        page.goto(f"/payments/{payment.pk}/")
        page.get_by_role("link", name="Undo the refund of 100.00").click()
        panel = page.get_by_role("region", name="What this will do")
        expect(panel).to_contain_text("of 70.00, which the refund made, is undone too.")
        page.get_by_label("Reason", exact=True).fill("Wrong customer")
        page.get_by_role("button", name="Undo Refund").click()
        expect(page.get_by_role("status")).to_contain_text(f"The refund of 100.00 of {payment} is undone.")

    browse(steps, user=make_user(role=Role.MANAGER), viewport=viewport)

    assert RefundReversal.objects.get().reason == "Wrong customer"
    assert Invoice.objects.get().balance_due_minor == 0
