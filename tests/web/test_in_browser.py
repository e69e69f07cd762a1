"""The layout in a real browser: menus by mouse, keyboard and tap, without scripts, narrow, and accessible."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from duebook.catalog.models import Product
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.orders.models import Order
from duebook.payments.models import Payment
from tests.factories import day, make_contact, make_invoice, make_partner, make_payment, make_user

NARROW: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def olga(live_server: LiveServer) -> Any:
    return make_user(role=Role.OWNER)


@pytest.fixture
def invoice(live_server: LiveServer) -> Invoice:
    acme = make_contact("Acme", given_name="Marta", family_name="Keller", phone="+49 30 555 0142")
    late = make_invoice(
        "1200.00",
        contact=acme,
        ordered_on=day(-41),
        title="Website package",
        lead_partner_id=make_partner("Dana").pk,
    )
    make_payment("720.00", invoice=late)
    make_payment("25.00", contact=acme)
    Product.objects.create(name="Hosting", price_minor=2000, currency="USD")
    return late


def test_the_menu_opens_on_hover(browse: Any, olga: Any) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        enter = page.get_by_role("link", name="Enter a Payment")
        expect(enter).to_be_hidden()

        page.get_by_role("button", name="E-Commerce").hover()
        expect(page.get_by_role("link", name="Payments", exact=True)).to_be_visible()
        expect(enter).to_be_hidden()
        page.get_by_role("link", name="Orders", exact=True).hover()

        expect(page.get_by_role("link", name="All Orders")).to_be_visible()
        expect(page.get_by_role("link", name="Add Order")).to_be_visible()
        enter.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter a Payment")

    browse(steps, user=olga)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_menu_opens_on_keyboard_focus(browse: Any, olga: Any, scripts: bool) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        page.get_by_role("button", name="E-Commerce").focus()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Orders", exact=True)).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Enter a Payment")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Add Order")

    browse(steps, user=olga, java_script_enabled=scripts)


def test_escape_closes_the_menu_and_stays_on_its_button(browse: Any, olga: Any) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        button = page.get_by_role("button", name="E-Commerce")
        button.focus()
        expect(button).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("Tab")

        page.keyboard.press("Escape")

        page.keyboard.press("Escape")
        expect(button).to_be_focused()
        expect(page.get_by_role("link", name="Payments", exact=True)).to_be_hidden()
        expect(button).to_have_attribute("aria-expanded", "false")

    browse(steps, user=olga)


def test_the_menu_opens_on_tap_on_a_wide_screen(browse: Any, olga: Any) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        page.get_by_role("button", name="E-Commerce").tap()
        page.get_by_role("link", name="Orders", exact=True).tap()
        page.get_by_role("link", name="Enter a Payment").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter a Payment")

    browse(steps, user=olga, has_touch=True, viewport={"width": 1180, "height": 820})


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_everything_is_reached_by_tap_on_a_narrow_screen(browse: Any, olga: Any, scripts: bool) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        expect(page.get_by_role("link", name="Reports", exact=True)).to_be_hidden()
        page.locator(".menu-sign").tap()
        for name in ("Dashboard", "All Orders", "Add Order", "Payments", "Products", "Reports", "Settings"):
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        page.get_by_role("link", name="Enter a Payment").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Enter a Payment")

    browse(steps, user=olga, has_touch=True, java_script_enabled=scripts, **NARROW)


def test_the_narrow_menu_opens_by_keyboard(browse: Any, olga: Any) -> None:
    def steps(page: Page) -> None:
        page.goto("/contacts/")
        page.get_by_role("checkbox", name="Menu").focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("link", name="Enter a Payment")).to_be_visible()

    browse(steps, user=olga, **NARROW)


def test_the_search_field_lists_while_typing_and_arrows_move(
    browse: Any, olga: Any, invoice: Invoice
) -> None:
    def steps(page: Page) -> None:
        page.goto("/orders/")
        page.keyboard.press("/")
        page.keyboard.type("kell")
        expect(page.get_by_role("link", name=re.compile("Marta Keller.*Acme"))).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Marta Keller")

    browse(steps, user=olga)


def test_the_search_field_is_a_plain_form_without_scripts(browse: Any, olga: Any, invoice: Invoice) -> None:
    def steps(page: Page) -> None:
        page.goto("/orders/")
        page.get_by_label("Search contacts, orders, invoices").fill(str(invoice))
        page.keyboard.press("Enter")
        page.get_by_role("link", name=str(invoice)).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Website package")

    browse(steps, user=olga, java_script_enabled=False)


def test_p_adds_a_payment_except_while_typing(browse: Any, olga: Any, invoice: Invoice) -> None:
    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/orders/")
        page.locator("#finder").focus()
        page.keyboard.press("p")
        expect(page.locator("#finder")).to_have_value("p")
        page.locator("h1").click()
        page.keyboard.press("p")
        expect(page.get_by_role("heading", level=1)).to_have_text("Add Payment")

    browse(steps, user=olga)


def test_a_form_that_one_goes_back_to_is_the_same_request(browse: Any, olga: Any, invoice: Invoice) -> None:
    before = Payment.objects.count()

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        page.get_by_label("Amount").fill("40")
        page.get_by_label("Payment Type").select_option("Cash")
        page.get_by_text("No", exact=True).click()
        page.get_by_role("button", name="Apply Payment").click()
        done = page.get_by_role("status").filter(has_text="applied to")
        expect(done).to_be_visible()

        page.go_back()
        expect(page.get_by_label("Amount")).to_have_value("40")
        expect(page.get_by_label("Payment Type").locator("option:checked")).to_have_text("Cash")
        expect(page.get_by_role("radio", name="No")).to_be_checked()
        page.get_by_role("button", name="Apply Payment").click()
        expect(done).to_be_visible()

        page.go_back()
        page.get_by_label("Amount").fill("41")
        page.get_by_role("button", name="Apply Payment").click()
        expect(page.get_by_role("alert")).to_contain_text("was already recorded from this form")
        expect(page.get_by_label("Amount")).to_have_value("41")

    browse(steps, user=olga, allowed_errors=("409",))

    assert Payment.objects.count() == before + 1


def test_a_form_opened_anew_is_a_new_request(browse: Any, olga: Any, invoice: Invoice) -> None:
    def steps(page: Page) -> None:
        form = f"/contacts/{invoice.contact_id}/payments/new/"
        page.goto(form)
        page.get_by_label("Amount").fill("40")
        page.get_by_role("button", name="Apply Payment").click()
        expect(page.get_by_role("status").filter(has_text="applied to")).to_be_visible()
        page.goto(form)
        expect(page.get_by_label("Amount")).to_have_value("440.00")

    browse(steps, user=olga)


def test_an_order_is_added_by_mouse_and_the_total_follows(browse: Any, olga: Any, invoice: Invoice) -> None:
    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/orders/")
        page.get_by_role("link", name="Add Order").last.click()
        rows = page.get_by_role("group", name="Item")
        expect(rows).to_have_count(1)
        rows.first.get_by_label("Product").select_option("Hosting")
        expect(rows.first.get_by_label("Unit price")).to_have_value("20.00")
        expect(rows.first.get_by_label("Description")).to_have_value("Hosting")
        rows.first.get_by_label("Quantity").fill("2")
        page.get_by_role("button", name="Discount").click()
        expect(rows).to_have_count(2)
        rows.nth(1).get_by_label("Unit price").fill("5")
        expect(page.locator("#preview")).to_contain_text("$35.00")
        expect(rows.nth(1).get_by_label("Lowers commissions too")).to_be_visible()
        rows.nth(1).get_by_role("button", name="Remove this item").click()
        expect(page.locator("#preview")).to_contain_text("$40.00")
        page.get_by_role("button", name="Place Order").click()
        expect(page.get_by_role("status")).to_contain_text("placed with INV-")

    browse(steps, user=olga)

    assert Order.objects.order_by("-id")[0].invoice.total_minor == 4000


def test_an_order_is_added_without_scripts_on_a_narrow_screen(
    browse: Any, olga: Any, invoice: Invoice
) -> None:
    def steps(page: Page) -> None:
        page.goto("/orders/new/")
        page.get_by_label("Contact", exact=True).fill("keller")
        page.get_by_role("button", name="OK").click()
        page.get_by_role("link", name="Marta Keller").click()
        rows = page.get_by_role("group", name="Item")
        expect(rows).to_have_count(3)
        page.get_by_role("button", name="Add row").click()
        expect(rows).to_have_count(6)
        rows.nth(5).get_by_label("Description").fill("Logo")
        rows.nth(5).get_by_label("Unit price").fill("350")
        page.get_by_role("button", name="Update totals").click()
        expect(page.locator("#preview")).to_contain_text("$350.00")
        page.get_by_role("button", name="Place Order").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Logo")

    browse(steps, user=olga, java_script_enabled=False, **NARROW)


def test_what_is_chosen_shows_where_the_system_takes_the_colours_away(browse: Any) -> None:
    invoice = make_invoice()
    grounds = "all => all.map(one => getComputedStyle(one).backgroundColor)"

    def steps(page: Page) -> tuple[str, str]:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        chosen, other = page.locator(".segmented .btn").evaluate_all(grounds)
        return chosen, other

    chosen, other = browse(steps, user=make_user(), forced_colors="active")

    assert chosen != other


def test_keyboards_meet_no_menu_button_where_there_is_none(browse: Any) -> None:
    olga = make_user()

    def steps(page: Page) -> bool:
        page.goto("/")
        return page.locator("#menu-check").is_visible()

    assert not browse(steps, user=olga, viewport={"width": 1280, "height": 800})
    assert browse(steps, user=olga, **NARROW)


def test_one_logs_in_and_out(browse: Any, live_server: LiveServer) -> None:
    make_user(role=Role.CLERK)

    def steps(page: Page) -> None:
        page.goto("/contacts/")
        page.get_by_label("E-mail").fill("carl@example.com")
        page.get_by_label("Password", exact=True).fill("correct horse battery")
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Contacts")
        page.locator("summary").click()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")

    browse(steps)


ADDRESSES = [
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/contacts/",
    "/contacts/new/",
    "/contacts/{contact}/",
    "/contacts/{contact}/orders/",
    "/contacts/{contact}/payments/",
    "/contacts/{contact}/history/",
    "/products/",
    "/products/new/",
    "/orders/",
    "/orders/new/",
    "/orders/new/?contact={contact}",
    "/orders/{order}/",
    "/orders/{order}/items/",
    "/orders/{order}/print/",
    "/invoices/{invoice}/void/",
    "/search/?q=keller",
    "/settings/",
    "/settings/business/",
    "/settings/closed-period/",
    "/settings/limits/",
    "/settings/payment-types/",
    "/settings/payment-types/new/",
    "/settings/users/",
    "/settings/users/new/",
    "/settings/profile/",
]


FOR_STRANGERS = ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"]


@pytest.mark.parametrize("context", [{}, NARROW], ids=["wide", "narrow"])
def test_no_page_is_too_wide_or_hard_to_use(
    browse: Any, olga: Any, invoice: Invoice, axe_source: str, context: dict[str, Any]
) -> None:
    ids = {"contact": invoice.contact_id, "order": invoice.order_id, "invoice": invoice.pk}

    def faults_of(addresses: list[str]) -> Callable[[Page], dict[str, list[str]]]:
        def steps(page: Page) -> dict[str, list[str]]:
            found = {address: faults(page, address.format(**ids), axe_source) for address in addresses}
            return {address: some for address, some in found.items() if some}

        return steps

    assert browse(faults_of(ADDRESSES), user=olga, **context) == {}
    assert browse(faults_of(FOR_STRANGERS), **context) == {}


def faults(page: Page, address: str, axe_source: str) -> list[str]:
    """What axe finds serious, and by how much the page is too wide."""
    page.goto(address)
    page.evaluate(axe_source)
    run = page.evaluate("axe.run({resultTypes: ['violations']})")
    found = [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in run["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, f"{wide} pixels too wide"] if wide > 0 else found
