"""A preview and a run too long for one request, in a real browser: by themselves, and without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from duebook.commissions.models import CommissionEntry
from duebook.domain.permissions import Role
from duebook.partners.models import Rule
from duebook.web.views import recalculations
from tests.factories import make_invoice, make_partner, make_payment, make_program, make_user

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}


@pytest.fixture(autouse=True)
def one_order_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculations, "BATCH", 1)
    monkeypatch.setattr(recalculations, "_PREVIEW_SECONDS", 0.0)
    monkeypatch.setattr(recalculations, "_RUN_SECONDS", 0.0)


def four_orders() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    first = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("40.00", invoice=first)
    for _ in range(3):
        make_payment("40.00", invoice=make_invoice("100.00", contact=first.contact, lead_partner_id=dana.pk))
    Rule.objects.update(percent_bps=2000)


@pytest.mark.parametrize("size", SIZES)
def test_the_page_goes_on_by_itself_until_every_order_is_looked_at_and_done(
    browse: Browse, size: str
) -> None:
    four_orders()

    def steps(page: Page) -> None:
        page.goto("/recalculations/")
        page.get_by_role("button", name="Show the difference").click()
        run = page.get_by_role("button", name="Recalculate 4 orders")
        expect(run).to_be_visible()
        expect(page.get_by_role("row").filter(has_text="Dana")).to_contain_text("+16.00")
        run.click()
        expect(page.get_by_text("All 4 orders are done.")).to_be_visible()
        expect(page.get_by_text("Commissions posted: $16.00.")).to_be_visible()

    browse(steps, user=make_user(role=Role.OWNER), viewport=SIZES[size])

    assert CommissionEntry.objects.filter(cause="recalculated").count() == 4


def test_without_javascript_a_button_goes_on(browse: Browse) -> None:
    four_orders()

    def steps(page: Page) -> None:
        page.goto("/recalculations/?first=&last=&partner=&program=")
        for done in (1, 2, 3):
            expect(page.get_by_text(f"{done} of 4 orders are looked at.")).to_be_visible()
            expect(page.get_by_role("button", name="Recalculate")).to_have_count(0)
            page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Recalculate 4 orders").click()
        for done in (1, 2, 3):
            expect(page.get_by_text(f"{done} of 4 orders are done.")).to_be_visible()
            page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("All 4 orders are done.")).to_be_visible()

    browse(steps, user=make_user(role=Role.OWNER), java_script_enabled=False)
