"""The dashboard in a real browser: the chart is drawn, nothing is blocked, nothing is too wide."""

import pytest
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Role
from tests.factories import day, make_contact, make_invoice, make_payment, make_user

PAGES = [
    "/",
    "/reports/",
    "/reports/receivables/",
    "/reports/receivables/invoices/",
    "/reports/payments/",
    "/reports/payments/rows/",
    "/reports/credit/",
    "/reports/trial-balance/",
    "/reports/accounts/4/",
    "/reports/journal/",
]
WIDTH = "document.documentElement.scrollWidth"
DRAWN = """canvas => canvas.getContext('2d')
  .getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0)"""


@pytest.fixture
def owner(transactional_db):
    acme = make_contact("Acme & Sons with a name that is rather long for a phone")
    invoice = make_invoice("123456.78", contact=acme, ordered_on=day(-90), due_on=day(-60))
    make_payment("100.00", invoice=invoice, received_on=day(-1))
    make_payment("50.00", contact=acme, type_label="Cash")
    return make_user(role=Role.OWNER)


def test_the_charts_are_drawn(browse, owner):
    def steps(page: Page) -> None:
        for address in ("/", "/reports/payments/"):
            page.goto(address)
            canvas = page.locator("canvas[data-bars]")
            expect(canvas).to_be_visible()
            page.wait_for_function(DRAWN, arg=canvas.element_handle())

    browse(steps, user=owner)


def test_every_figure_of_the_dashboard_is_a_link_that_the_keyboard_reaches(browse, owner):
    def steps(page: Page) -> None:
        page.goto("/")
        page.get_by_role("link", name="Overdue").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Open invoices")).to_be_visible()

    browse(steps, user=owner)


def test_the_bars_are_there_without_javascript(browse, owner):
    def steps(page: Page) -> None:
        page.goto("/")
        assert page.locator(".aging-31-60 rect").bounding_box()["width"] > 100
        expect(page.get_by_text("Bar chart of the money received")).to_be_visible()

    browse(steps, user=owner, java_script_enabled=False)


def test_nothing_is_wider_than_a_phone(browse, owner):
    def steps(page: Page) -> dict[str, int]:
        return {address: page.goto(address) and page.evaluate(WIDTH) for address in PAGES}

    widths = browse(steps, user=owner, viewport={"width": 390, "height": 844})

    assert {address: width for address, width in widths.items() if width > 390} == {}


def test_axe_finds_nothing_serious(browse, owner, axe_source: str):
    def steps(page: Page) -> list[str]:
        violations = []
        for address in PAGES:
            page.goto(address)
            page.evaluate(axe_source)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            violations += [
                f"{address} {one['id']} {one['nodes'][0]['html'][:200]}" for one in found if serious(one)
            ]
        return violations

    def serious(violation: dict[str, str]) -> bool:
        return violation["impact"] in ("serious", "critical")

    assert browse(steps, user=owner) == []
