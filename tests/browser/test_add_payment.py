"""The job in a real browser, by visible labels: both ways, by mouse and by keyboard, wide and narrow."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment
from tests.factories import day, make_contact, make_invoice, make_partner, make_payment, make_user

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
NARROW = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 800}}


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def marta() -> Any:
    return make_contact(
        "Keller Studio", given_name="Marta", family_name="Keller", email="marta@keller.example"
    )


def amount(page: Page) -> Any:
    return page.get_by_label("Amount", exact=True)


def apply(page: Page) -> None:
    page.get_by_role("button", name="Apply Payment").click()


def test_way_1_from_the_contact_takes_two_clicks_and_no_typing(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("480.00", contact=marta())

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/")
        page.get_by_role("link", name="Order", exact=True).click()
        page.get_by_role("link", name="Add Payment", exact=True).click()
        apply(page)
        notice = page.get_by_role("status").filter(has_text="applied to")
        expect(notice).to_contain_text(f"of 480.00 applied to {invoice}. Balance due is now 0.00.")
        for name in ("Undo", "Receipt", "Add another"):
            expect(notice.get_by_role("link", name=name)).to_be_visible()

    browse(steps, user=clerk, **WIDE)

    assert balance_of(invoice) == 0
    assert Payment.objects.get().payment_type.label == "Check"


def test_way_2_from_the_menu_by_hover(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("480.00", contact=marta())
    other = make_invoice("20.00", contact=invoice.contact)

    def steps(page: Page) -> None:
        page.goto("/contacts/")
        page.get_by_role("button", name="E-Commerce").hover()
        page.get_by_role("link", name="Orders", exact=True).hover()
        page.get_by_role("link", name="Enter a Payment").click()
        page.get_by_label("Name", exact=True).press_sequentially("kell")
        page.get_by_role("option", name=re.compile("Marta Keller")).click()
        page.get_by_role("button", name="OK").click()
        page.get_by_label("Invoice", exact=True).select_option(label=label_of(page, str(invoice)))
        expect(amount(page)).to_have_value("480.00")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            f"of 480.00 applied to {invoice}. Balance due is now 0.00."
        )

    browse(steps, user=clerk, **WIDE)

    assert (balance_of(invoice), balance_of(other)) == (0, 2000)


def label_of(page: Page, part: str) -> str:
    """The whole text of the invoice's option."""
    option = page.get_by_label("Invoice", exact=True).locator("option").filter(has_text=part)
    return option.text_content() or ""


def test_way_2_with_the_keyboard_only(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("480.00", contact=marta())
    make_contact("Kellermann")

    def steps(page: Page) -> None:
        page.goto("/contacts/")
        tab_to(page, "E-Commerce")
        page.keyboard.press("Enter")
        tab_to(page, "Enter a Payment")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()
        page.keyboard.type("keller")
        expect(page.get_by_role("option")).to_have_count(2)
        page.keyboard.press("ArrowDown")
        chosen = page.locator('[role="option"][aria-selected="true"]')
        while "Marta" not in (chosen.text_content() or ""):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Marta Keller")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Add Payment")).to_be_visible()
        expect(amount(page)).to_be_focused()
        page.keyboard.type("80")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            "Balance due is now 400.00."
        )

    browse(steps, user=clerk, **WIDE)

    assert balance_of(invoice) == 40000


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this name or label has the focus."""
    script = """() => {
        const e = document.activeElement;
        const labels = e.labels ? [...e.labels].map((label) => label.textContent) : [];
        return [e.textContent, ...labels].map((text) => text.trim());
    }"""
    for _press in range(60):
        page.keyboard.press("Tab")
        if name in page.evaluate(script):
            return
    raise AssertionError(f"the keyboard never reached {name}")


def test_way_1_with_the_keyboard_only(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("480.00")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/orders/")
        page.keyboard.press("p")
        expect(amount(page)).to_be_focused()
        tab_to(page, "Apply Payment")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="applied to")).to_be_visible()

    browse(steps, user=clerk, **WIDE)

    assert balance_of(invoice) == 0


def test_the_panel_follows_what_is_typed(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    dana = make_partner("Jo Brandt")
    invoice = make_invoice("1200.00", lead_partner_id=dana.pk)
    make_payment("720.00", invoice=invoice)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        panel = page.get_by_role("region", name="What this will do")
        expect(panel).to_contain_text("480.00")
        amount(page).fill("300")
        expect(panel).to_contain_text("180.00")
        expect(panel).to_contain_text("Jo Brandt")
        page.get_by_text("No", exact=True).click()
        expect(panel).to_contain_text("left out of the partners' commissions")
        amount(page).fill("abc")
        expect(panel).to_contain_text("Enter an amount in figures")
        page.get_by_role("link", name="pay in full").click()
        expect(amount(page)).to_have_value("480.00")
        expect(panel).to_contain_text("Nothing is saved until you apply.")
        expect(panel).to_contain_text("0.00")

    browse(steps, user=clerk, **WIDE)

    assert Payment.objects.count() == 1


def test_the_amount_changes_with_the_invoice_unless_it_was_typed(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/payments/new/")
        invoice = page.get_by_label("Invoice", exact=True)
        expect(amount(page)).to_have_value("")
        invoice.select_option(str(first.pk))
        expect(amount(page)).to_have_value("100.00")
        invoice.select_option(str(second.pk))
        expect(amount(page)).to_have_value("40.00")
        amount(page).fill("15")
        invoice.select_option(str(first.pk))
        expect(amount(page)).to_have_value("15")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("85.00")

    browse(steps, user=clerk, **WIDE)

    assert (balance_of(first), balance_of(second)) == (8500, 4000)


def test_the_reference_is_hidden_for_cash_and_the_type_says_its_hint(browse: Browse) -> None:
    manager = make_user(role=Role.MANAGER)
    invoice = make_invoice()

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        kind = page.get_by_label("Payment Type", exact=True)
        reference = page.get_by_label("Reference", exact=True)
        expect(page.get_by_text("Check number")).to_be_visible()
        kind.select_option(label="Cash")
        expect(reference).to_be_hidden()
        kind.select_option(label="Credit Card")
        expect(reference).to_be_visible()
        expect(
            page.get_by_text("Records a card payment taken elsewhere. No card is charged.")
        ).to_be_visible()
        expect(page.get_by_label("Yes", exact=True)).to_be_checked()
        expect(page.locator("#id_reference_helptext")).to_have_text("Receipt of the card terminal")
        kind.select_option(label="Adjustment")
        expect(page.get_by_label("No", exact=True)).to_be_checked()
        expect(page.locator("#id_reference_helptext")).to_be_empty()

    browse(steps, user=manager, **WIDE)


def test_a_partial_and_a_final_payment_and_the_invoice_leaves_the_list(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    acme = make_contact()
    website, hosting = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/orders/")
        page.get_by_role("link", name=f"Add Payment to {website}").click()
        amount(page).fill("30")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("70.00")
        page.get_by_role("link", name="Add another").click()
        page.get_by_label("Invoice", exact=True).select_option(label=label_of(page, str(website)))
        expect(amount(page)).to_have_value("70.00")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("0.00")
        page.get_by_role("link", name="Add another").click()
        options = page.get_by_label("Invoice", exact=True).locator("option")
        expect(options).to_have_count(1)
        expect(options.first).to_contain_text(str(hosting))

    browse(steps, user=clerk, **WIDE)

    assert (balance_of(website), balance_of(hosting)) == (0, 4000)


def test_undo_from_the_notice(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        apply(page)
        page.get_by_role("link", name="Undo").click()
        panel = page.get_by_role("region", name="What this will do")
        expect(panel).to_contain_text("100.00")
        page.get_by_label("Reason").fill("Entered twice")
        page.get_by_role("button", name="Undo Payment").click()
        expect(page.get_by_role("status").filter(has_text="is undone")).to_be_visible()

    browse(steps, user=clerk, **WIDE)

    assert balance_of(invoice) == 10000


def test_a_wrong_contact_is_corrected(browse: Browse) -> None:
    manager = make_user(role=Role.MANAGER)
    wrong = make_invoice("100.00")
    right = make_invoice("300.00", contact=marta())
    payment = make_payment("100.00", invoice=wrong)

    def steps(page: Page) -> None:
        page.goto(f"/payments/{payment.pk}/")
        page.get_by_role("link", name="Correct", exact=True).click()
        page.get_by_role("link", name="It came from someone else").click()
        page.get_by_label("Name", exact=True).press_sequentially("marta")
        page.get_by_role("option", name=re.compile("Marta Keller")).click()
        page.get_by_role("button", name="OK").click()
        expect(amount(page)).to_have_value("100.00")
        page.get_by_label("Reason").fill("Wrong contact")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            f"applied to {right}. Balance due is now 200.00."
        )

    browse(steps, user=manager, **WIDE)

    assert (balance_of(wrong), balance_of(right)) == (10000, 20000)


def test_a_future_date_is_refused_and_nothing_typed_is_lost(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")
    tomorrow = day(1).isoformat()

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        page.get_by_label("Date", exact=True).fill(tomorrow)
        page.get_by_label("Notes", exact=True).fill("Post-dated check")
        apply(page)
        expect(page.locator("#id_received_on_error")).to_contain_text("is in the future")
        expect(page.get_by_label("Notes", exact=True)).to_have_value("Post-dated check")
        expect(page.get_by_label("Date", exact=True)).to_have_value(tomorrow)

    browse(steps, user=clerk, allowed_errors=("422",), **WIDE)

    assert not Payment.objects.exists()


def test_a_double_click_records_one_payment(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        amount(page).fill("40")
        page.get_by_role("button", name="Apply Payment").dblclick()
        expect(page.get_by_role("status").filter(has_text="applied to")).to_be_visible()

    browse(steps, user=clerk, **WIDE)

    assert Payment.objects.count() == 1
    assert balance_of(invoice) == 6000


def test_back_and_again_records_one_payment_and_another_amount_asks(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        amount(page).fill("40")
        for _time in range(2):
            apply(page)
            expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("60.00")
            page.go_back()
            expect(amount(page)).to_have_value("40")
        amount(page).fill("10")
        apply(page)
        expect(page.get_by_role("alert")).to_contain_text("was already recorded from this form")
        expect(amount(page)).to_have_value("10")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("50.00")

    browse(steps, user=clerk, allowed_errors=("409",), **WIDE)

    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [1000, 4000]


def test_an_equal_payment_is_recorded_only_when_confirmed(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")
    make_payment("40.00", invoice=invoice)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        amount(page).fill("40")
        apply(page)
        expect(page.get_by_role("alert")).to_contain_text("with the same contact, type and date")
        page.get_by_role("button", name="Record another one").click()
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("20.00")

    browse(steps, user=clerk, allowed_errors=("409",), **WIDE)

    assert Payment.objects.count() == 2


def test_the_surplus_is_asked_about_while_typing(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("100.00")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/payments/new/")
        keep = page.get_by_label("Keep the rest as credit on account")
        lower = page.get_by_label("Lower the amount")
        expect(keep).to_have_count(0)
        amount(page).fill("120")
        lower.check()
        expect(amount(page)).to_have_value("100.00")
        expect(lower).to_have_count(0)
        amount(page).fill("120")
        keep.check()
        expect(page.get_by_role("region", name="What this will do")).to_contain_text(
            "20.00 is kept as credit on account."
        )
        expect(keep).to_be_checked()
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            "Kept as credit on account: 20.00."
        )

    browse(steps, user=clerk, **WIDE)

    assert Payment.objects.get().credit_minor == 2000


def test_one_check_is_split_over_several_invoices(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    acme = make_contact()
    older = make_invoice("100.00", contact=acme, ordered_on=day(-40))
    newer = make_invoice("40.00", contact=acme)

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{acme.pk}/payments/new/")
        page.get_by_label("Notes", exact=True).fill("One check for both")
        page.get_by_role("link", name="split over several").click()
        expect(page.get_by_label(f"Amount for {older}")).to_be_visible()
        amount(page).fill("120")
        page.get_by_role("button", name="oldest first").click()
        expect(page.get_by_label(f"Amount for {older}")).to_have_value("100.00")
        expect(page.get_by_label(f"Amount for {newer}")).to_have_value("20.00")
        expect(page.locator("#split-total")).to_contain_text("120.00")
        expect(page.get_by_label("Notes", exact=True)).to_have_value("One check for both")
        page.get_by_label(f"Amount for {newer}").fill("15")
        expect(page.locator("#split-total")).to_contain_text("115.00")
        page.get_by_label(f"Amount for {newer}").fill("20")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied")).to_contain_text("is now 20.00")

    browse(steps, user=clerk, **WIDE)

    assert (balance_of(older), balance_of(newer)) == (0, 2000)
    assert Payment.objects.get().notes == "One check for both"


def test_both_ways_on_a_narrow_screen(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    invoice = make_invoice("480.00", contact=marta(), title="A website with a rather long title indeed")

    def steps(page: Page) -> None:
        page.goto(f"/contacts/{invoice.contact_id}/orders/")
        page.get_by_role("link", name="Add Payment", exact=True).first.click()
        expect(page.get_by_role("heading", name="Add Payment")).to_be_visible()
        assert_fits(page)
        amount(page).fill("80")
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("400.00")
        assert_fits(page)
        page.locator(".menu-sign").click()
        page.get_by_role("link", name="Enter a Payment").click()
        page.get_by_label("Name", exact=True).press_sequentially("marta")
        page.get_by_role("option", name=re.compile("Marta Keller")).click()
        assert_fits(page)
        page.get_by_role("button", name="OK").click()
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text("0.00")

    browse(steps, user=clerk, **NARROW)

    assert balance_of(invoice) == 0


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_form_works_without_javascript(browse: Browse) -> None:
    clerk = make_user(role=Role.CLERK)
    acme = marta()
    first, second = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)

    def steps(page: Page) -> None:
        page.goto("/payments/new/")
        page.get_by_label("Name", exact=True).fill("marta")
        page.get_by_role("button", name="OK").click()
        page.get_by_label("Invoice", exact=True).select_option(str(second.pk))
        page.get_by_role("button", name="Preview").click()
        expect(amount(page)).to_have_value("40.00")
        expect(page.get_by_role("region", name="What this will do")).to_contain_text("40.00")
        amount(page).fill("50")
        apply(page)
        page.get_by_label("Keep the rest as credit on account").check()
        apply(page)
        expect(page.get_by_role("status").filter(has_text="applied to")).to_contain_text(
            "Kept as credit on account: 10.00."
        )

    browse(steps, user=clerk, allowed_errors=("422",), java_script_enabled=False, **WIDE)

    assert (balance_of(first), balance_of(second)) == (10000, 0)
    assert Payment.objects.get().amount_minor == 5000
