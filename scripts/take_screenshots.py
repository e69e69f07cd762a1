"""Take the pictures in docs/images anew, of a Duebook with the demo business that is started for it.

Each picture is a function that brings a page into its state; the file has its name. A picture that cannot be
taken stops the run, so the docs never show a page that no longer exists. Give names to take only some.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser_thread import ARGUMENTS, chromium  # noqa: E402
from tests.jobs.serving import free_port, new_home, start_serving  # noqa: E402

IMAGES = ROOT / "docs/images"
CUSTOMER = "Marta Keller"
ORDER = "Website package"
CHARGE = "Charge card and apply payment"
OWNER = "owner@example.com"
PASSWORD = "only for the pictures"  # noqa: S105 - of a demo that is gone afterwards
STEP_MILLISECONDS = 8000
WIDE = {"width": 1280, "height": 840}
NARROW = {"width": 390, "height": 844}

Steps = Callable[[Page], None]
PICTURES: dict[str, tuple[dict[str, int], Steps]] = {}


def picture(viewport: dict[str, int]) -> Callable[[Steps], Steps]:
    """Register a function as a picture of this size."""

    def register(steps: Steps) -> Steps:
        PICTURES[steps.__name__.replace("_", "-")] = (viewport, steps)
        return steps

    return register


@picture(WIDE)
def dashboard(page: Page) -> None:
    """What is due, what came in."""
    page.goto("/")


@picture(WIDE)
def contact_order_tab(page: Page) -> None:
    """Way 1: the contact's Order tab."""
    open_order_tab(page)


@picture(WIDE)
def orders_menu(page: Page) -> None:
    """Way 2: hover over Orders."""
    page.goto("/orders/")
    main_menu = page.get_by_role("navigation", name="Main")
    main_menu.get_by_role("button", name="E-Commerce").hover()
    main_menu.get_by_role("link", name="Orders", exact=True).hover()
    main_menu.get_by_role("link", name="Enter a Payment").hover()


@picture(WIDE)
def enter_a_payment(page: Page) -> None:
    """Way 2: the name of the contact."""
    page.goto("/payments/new/")
    page.get_by_role("combobox").press_sequentially("kell", delay=20)
    page.get_by_role("option").first.wait_for(state="visible")


@picture(WIDE)
def add_payment(page: Page) -> None:
    """The form that both ways open, with its preview."""
    open_payment_form(page)


@picture(WIDE)
def payment_saved(page: Page) -> None:
    """What is said after saving, with Undo."""
    open_payment_form(page)
    page.get_by_label("Amount").fill("250.00")
    page.get_by_role("button", name="Apply Payment").click()
    page.get_by_text("Add another").first.wait_for(state="visible")


@picture(WIDE)
def refund(page: Page) -> None:
    """The form that gives money back, with the question what is owed afterwards."""
    page.goto("/payments/?q=Keller&state=applied")
    page.get_by_role("link", name=re.compile(r"^P-\d+$")).last.click()
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount", exact=True).fill("100.00")
    page.get_by_label("Reason").fill("Not satisfied")
    page.get_by_label("Nothing: credit it").check()
    page.get_by_text("is credited and not owed any more").first.wait_for(state="visible")


@picture(WIDE)
def merchant_account(page: Page) -> None:
    """Where an owner enters an account at a card processor."""
    page.goto("/settings/merchant-accounts/new/?processor=stripe")


@picture(WIDE)
def cards(page: Page) -> None:
    """The cards of a customer on file."""
    open_tab(page, CUSTOMER, "Cards")


@picture(WIDE)
def charge_card(page: Page) -> None:
    """The payment form that charges a card."""
    choose_card(page)


@picture(WIDE)
def confirm_charge(page: Page) -> None:
    """The step before a card is charged."""
    choose_card(page)
    page.get_by_role("button", name=CHARGE).click()
    page.get_by_role("heading", name="Charge this card?").wait_for(state="visible")


@picture(WIDE)
def charge(page: Page) -> None:
    """A charge that waits for the customer."""
    open_tab(page, "Elin Lindqvist", "Order")
    page.get_by_role("link", name="Tote bags").click()
    page.get_by_role("link", name="charge under way").first.click()
    page.get_by_text("Needs the customer").first.wait_for(state="visible")


@picture(WIDE)
def refund_to_card(page: Page) -> None:
    """The same form for a payment that was charged."""
    page.goto("/payments/?q=Ruiz&state=applied")
    page.get_by_role("link", name=re.compile(r"^P-\d+$")).first.click()
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount", exact=True).fill("64.00")
    page.get_by_label("Reason").fill("Two bags came back")
    page.get_by_label("Nothing: credit it").check()
    page.get_by_text("is credited and not owed any more").first.wait_for(state="visible")


@picture(WIDE)
def money_to_decide(page: Page) -> None:
    """What no job brings to its end by itself."""
    page.goto("/decisions/")


@picture(WIDE)
def refund_to_approve(page: Page) -> None:
    """A refund that another person approves or rejects."""
    page.goto("/decisions/")
    page.get_by_role("link", name="Approve or reject").click()
    page.get_by_text("What this will do").first.wait_for(state="visible")


@picture(WIDE)
def dispute(page: Page) -> None:
    """A payment of which the customer's bank asks the money back."""
    page.goto("/payments/?q=Calder")
    page.get_by_role("link", name=re.compile(r"^P-\d+$")).first.click()


@picture(WIDE)
def pay_link(page: Page) -> None:
    """Where a pay link is made."""
    open_tab(page, CUSTOMER, "Pay Links")


@picture(NARROW)
def pay_by_card(page: Page) -> None:
    """The customer's page of a pay link."""
    open_tab(page, CUSTOMER, "Pay Links")
    page.get_by_role("button", name="Make a link to copy").click()
    page.goto(page.get_by_label("Copy it now").input_value())


@picture(WIDE)
def card_clearing(page: Page) -> None:
    """What processors have not paid out."""
    page.goto("/reports/card-clearing/")


@picture(WIDE)
def settlement(page: Page) -> None:
    """One payment of a processor, with its charges."""
    page.goto("/reports/card-clearing/settlements/")
    page.get_by_role("link", name="S-2", exact=True).click()


def open_tab(page: Page, customer: str, tab: str) -> None:
    """Open a tab of a contact."""
    page.goto(f"/contacts/?q={customer}")
    page.get_by_role("link", name=customer).first.click()
    page.get_by_role("link", name=tab, exact=True).click()


def open_order_tab(page: Page) -> None:
    """Open the Order tab of a customer who owes something."""
    open_tab(page, CUSTOMER, "Order")


def choose_card(page: Page) -> None:
    """Open the payment form of that customer and choose to charge the card."""
    open_order_tab(page)
    page.get_by_role("link", name="Add Payment").first.click()
    choose_invoice(page)
    page.get_by_label("Payment Type").select_option(label="Credit Card (charge now)")
    page.get_by_role("button", name=CHARGE).wait_for(state="visible")
    page.get_by_text("No card is charged until you confirm").first.wait_for(state="visible")


def choose_invoice(page: Page) -> None:
    """Choose the invoice that the pictures are about."""
    invoices = page.get_by_label("Invoice", exact=True)
    invoices.select_option(invoices.locator("option", has_text=ORDER).get_attribute("value"))


def open_payment_form(page: Page) -> None:
    """Open the payment form of that customer."""
    open_order_tab(page)
    page.get_by_role("link", name="Add Payment").first.click()
    choose_invoice(page)
    page.get_by_label("Reference").fill("2041")
    page.get_by_text("Balance due now").first.wait_for(state="visible")


def main(names: list[str]) -> None:
    """Take the named pictures, or all."""
    unknown = set(names) - set(PICTURES)
    if unknown:
        sys.exit(f"No such picture: {', '.join(sorted(unknown))}. There are: {', '.join(PICTURES)}.")
    executable = chromium()
    if executable is None:
        sys.exit("Chromium is not installed; Debian: apt install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with new_home() as home, served(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for name in names or PICTURES:
            viewport, steps = PICTURES[name]
            context = browser.new_context(base_url=url, viewport=viewport, reduced_motion="reduce")
            context.set_default_timeout(STEP_MILLISECONDS)
            page = context.new_page()
            sign_in(page)
            steps(page)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            context.close()
            print(f"docs/images/{name}.png")
        browser.close()


def sign_in(page: Page) -> None:
    """Sign in as the demo's owner."""
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a Duebook with the demo business."""
    serving = start_serving(home, "--demo", port=free_port(), DUEBOOK_DEMO_PASSWORD=PASSWORD)
    try:
        yield serving.url
    finally:
        serving.interrupt()


if __name__ == "__main__":
    main(sys.argv[1:])
