"""A referral program from the first partner to the paid statement, in a real browser, by visible labels."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.permissions import Role
from duebook.jobs.tasks import email_partner_link
from duebook.staff.models import Business
from tests.factories import make_contact, make_user

pytestmark = pytest.mark.django_db(transaction=True)

Browse = Callable[..., Any]
WIDE = {"viewport": {"width": 1280, "height": 800}}
NARROW = {"viewport": {"width": 390, "height": 844}}


def from_menu(page: Page, menu: str, item: str) -> None:
    page.get_by_role("button", name=menu).hover()
    page.get_by_role("navigation", name="Main").get_by_role("link", name=item, exact=True).click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def add_partner(page: Page, contact: str, code: str) -> None:
    from_menu(page, "Referral Partners", "Partners")
    page.get_by_role("link", name="Add Partner").first.click()
    page.get_by_label("Contact", exact=True).press_sequentially(contact[:4])
    page.get_by_role("link", name=re.compile(contact)).click()
    page.get_by_label("Code", exact=True).fill(code)
    save(page)
    expect(page.get_by_role("heading", name=contact).first).to_be_visible()


def add_program(page: Page, name: str, role: str, percent: str, member: str) -> None:
    from_menu(page, "Referral Partners", "Programs")
    page.get_by_role("link", name="Add Program").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Priority").fill("10")
    page.get_by_label("Hold in days").fill("0")
    rule = page.get_by_role("group", name="Rule").first
    rule.get_by_label("Role").select_option(role)
    rule.get_by_label("Percent").fill(percent)
    page.get_by_role("group", name="Members").get_by_label(re.compile(member)).check()
    save(page)


def place_order(page: Page, contact_id: int) -> None:
    page.goto(f"/orders/new/?contact={contact_id}")
    page.get_by_label("Lead referral partner").select_option(label="Jo Brandt")
    page.get_by_label("Sale referral partner").select_option(label="North Agency")
    page.get_by_label("Description").first.fill("Website")
    page.get_by_label("Unit price").first.fill("1000")
    page.get_by_role("button", name="Place Order").click()
    expect(page.get_by_role("link", name="Add Payment")).to_be_visible()


def pay(page: Page, contact_id: int, amount: str, *, counts: bool, jo: str, north: str) -> None:
    """Fill in the form, see each partner's cents before saving, and save."""
    page.goto(f"/contacts/{contact_id}/payments/new/")
    page.get_by_label("Amount", exact=True).fill(amount)
    if not counts:
        page.get_by_text("No", exact=True).click()
    panel = page.get_by_role("region", name="What this will do")
    expect(panel).to_contain_text(re.compile(rf"Jo Brandt\s*lead · level 1.*?{re.escape(jo)}"))
    expect(panel).to_contain_text(re.compile(rf"North Agency\s*sale · level 1.*?{re.escape(north)}"))
    if not counts:
        expect(panel).to_contain_text("Set to No: it earns nothing.")
    page.get_by_role("button", name="Apply Payment").click()
    expect(page.get_by_role("status").filter(has_text="applied to")).to_be_visible()


def undo_last(page: Page) -> None:
    page.get_by_role("status").filter(has_text="applied to").get_by_role("link", name="Undo").click()
    panel = page.get_by_role("region", name="What this will do")
    expect(panel).to_contain_text("5 % of 1,000.00 = 50.00, of it 200.00 of 1,000.00 no longer paid")
    expect(panel).to_contain_text("-10.00")
    page.get_by_label("Reason").fill("The check was for another order")
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.get_by_role("status")).to_contain_text("is undone")


def read_ledger(page: Page) -> None:
    from_menu(page, "Referral Partners", "Ledgers")
    row = page.get_by_role("row").filter(has_text="Jo Brandt")
    expect(row).to_contain_text("30.00")
    expect(row).to_contain_text("10.00")
    expect(row).to_contain_text("20.00")
    row.get_by_role("link", name="Jo Brandt").click()
    expect(page.get_by_role("table").first).to_contain_text("Payment undone")


def pay_out(page: Page) -> None:
    from_menu(page, "Referral Partners", "Payouts")
    page.get_by_role("link", name=re.compile("Build payouts", re.IGNORECASE)).first.click()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="2 partners are paid")).to_be_visible()
    page.get_by_role("button", name="Build Payout of $60.00").click()
    expect(page.get_by_role("status")).to_contain_text("waits for approval")
    expect(page.get_by_role("button", name="Approve Payout")).to_have_count(0)


def approve(page: Page) -> None:
    page.goto("/")
    from_menu(page, "Referral Partners", "Payouts")
    page.get_by_role("link", name=re.compile(r"PO-\d+")).first.click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve Payout").click()
    expect(page.get_by_role("link", name="Mark as Paid")).to_be_visible()


def mark_as_paid(page: Page) -> None:
    page.goto("/")
    from_menu(page, "Referral Partners", "Payouts")
    page.get_by_role("link", name=re.compile(r"PO-\d+")).first.click()
    page.get_by_role("link", name="Mark as Paid").click()
    page.get_by_label("Method").fill("Bank transfer")
    page.get_by_label("Reference").fill("File 12")
    page.get_by_role("button", name="Mark as Paid").click()
    row = page.get_by_role("row").filter(has_text="Jo Brandt")
    expect(row).to_contain_text("20.00")
    row.get_by_role("link", name="Statement").click()
    expect(page.get_by_role("main")).to_contain_text("$20.00")
    expect(page.get_by_role("main")).to_contain_text("Payment undone")


def ask_for_a_link(page: Page) -> None:
    page.goto("/portal/")
    page.get_by_label("E-mail").fill("jo@brandt.example")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


def test_a_program_from_the_first_partner_to_the_paid_statement(browse: Browse) -> None:
    owner, manager = make_user(role=Role.OWNER), make_user(role=Role.PARTNER_MANAGER)
    Business.objects.update(partners_see_names=True)
    make_contact("Jo Brandt", email="jo@brandt.example")
    make_contact("North Agency", email="partners@north.example")
    marta = make_contact("Keller Studio", given_name="Marta", family_name="Keller")

    def staff(page: Page) -> None:
        page.goto("/")
        add_partner(page, "Jo Brandt", "BRANDT")
        add_partner(page, "North Agency", "NORTH")
        add_program(page, "Standard", "Lead", "5", "Jo Brandt")
        add_program(page, "Agency", "Sale", "10", "North Agency")
        place_order(page, marta.pk)
        pay(page, marta.pk, "400", counts=True, jo="20.00", north="40.00")
        pay(page, marta.pk, "300", counts=False, jo="0.00", north="0.00")
        pay(page, marta.pk, "200", counts=True, jo="10.00", north="20.00")
        undo_last(page)
        read_ledger(page)
        pay_out(page)

    browse(staff, user=owner, **WIDE)
    browse(approve, user=manager, **WIDE)
    browse(mark_as_paid, user=owner, **WIDE)
    browse(ask_for_a_link, **NARROW)
    email_partner_link(**ProcrastinateJob.objects.get(task_name="email_partner_link").args)
    link = re.search(r"/portal/link/\S+", str(mail.outbox[0].body))
    assert link is not None

    def partner(page: Page) -> None:
        page.goto(link[0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Hello Jo Brandt")).to_be_visible()
        main = page.get_by_role("main")
        expect(main).to_contain_text(re.compile(r"Paid out\s*20\.00"))
        expect(main).to_contain_text("BRANDT")
        page.get_by_role("link", name="Orders").click()
        expect(main).to_contain_text("5 % of 1,000.00 = 50.00")
        expect(main).to_contain_text("Marta Keller")
        page.get_by_role("link", name="Commissions").click()
        expect(main).to_contain_text("A payment was entered by mistake and undone")
        expect(main).not_to_contain_text("North Agency")
        page.get_by_role("link", name="Payouts").click()
        page.get_by_role("link", name=re.compile(r"PO-\d+")).click()
        expect(main).to_contain_text("Bank transfer · File 12")
        expect(main).to_contain_text("$20.00")
        page.get_by_role("button", name="Sign out").click()
        page.goto("/portal/overview/")
        expect(page.get_by_label("E-mail")).to_be_visible()

    browse(partner, **NARROW)
