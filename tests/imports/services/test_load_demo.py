"""The demo business: every screen has something to show, the books add up, and it is loaded once."""

from datetime import date, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.catalog.models import Product
from duebook.commissions.models import PayoutBatch
from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.imports.services.load_demo import load_demo
from duebook.invoices.models import Invoice
from duebook.orders.models import Order
from duebook.partners.models import Partner
from duebook.payments.models import Payment, PaymentType, Return, Reversal
from duebook.reports.services.verify_books import verify_books
from duebook.staff.models import Business, User
from tests.factories import day
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

PASSWORD = "a password for the demo"


def test_the_demo_has_something_for_every_screen() -> None:
    load_demo(password=PASSWORD)

    types = set(PaymentType.objects.filter(payments__isnull=False).values_list("label", flat=True))
    ages = {
        (day() - due_on).days
        for due_on in Invoice.objects.filter(balance_due_minor__gt=0).values_list("due_on", flat=True)
    }
    assert types == {"Credit Card", "Check", "Cash", "Money Order", "Adjustment", "Write-off"}
    for first, last in ((-40, 0), (1, 30), (31, 60), (61, 90), (91, 400)):
        assert any(first <= age <= last for age in ages), (first, last)
    assert (Order.objects.count(), Product.objects.count(), Partner.objects.count()) == (741, 13, 5)
    assert (Return.objects.count(), Reversal.objects.count()) == (1, 1)
    assert Payment.objects.filter(credit_minor__gt=0).count() == 2
    assert Order.objects.latest("ordered_on").ordered_on == day()
    assert Order.objects.earliest("ordered_on").ordered_on > day() - timedelta(days=366)
    assert Business.objects.get().name == "Alder & Finch Studio"


def test_everyone_signs_in_with_the_password() -> None:
    load_demo(password=PASSWORD)

    users = {user.email: user for user in User.objects.all()}
    assert {email: user.role for email, user in users.items()} == {
        "owner@example.com": Role.OWNER,
        "manager@example.com": Role.MANAGER,
        "partner-manager@example.com": Role.PARTNER_MANAGER,
        "clerk@example.com": Role.CLERK,
        "viewer@example.com": Role.VIEWER,
    }
    assert all(user.check_password(PASSWORD) for user in users.values())


def test_marta_keller_owes_for_her_website() -> None:
    load_demo(password=PASSWORD)

    marta = Contact.objects.get(company="Keller Studio")
    orders = {
        order.title: (order.invoice.total_minor, order.invoice.applied_minor, order.invoice.due_on)
        for order in marta.orders.select_related("invoice")
    }
    assert marta.name == "Marta Keller"
    assert orders == {
        "Logo": (35000, 35000, day(-83)),
        "Website package": (120000, 72000, day(-11)),
        "Hosting": (20000, 0, day(23)),
    }


def test_her_partners_have_earned_their_share_of_what_she_paid() -> None:
    load_demo(password=PASSWORD)

    website = Invoice.objects.get(contact__company="Keller Studio", order__title="Website package")
    earned = {
        (accrual.partner.name, accrual.role): (accrual.total_minor, accrual.earned_minor)
        for accrual in website.accruals.select_related("partner")
    }
    assert earned == {("Jo Brandt", "lead"): (5000, 3000), ("North Agency", "sale"): (10000, 6000)}


def test_one_payout_is_paid_and_one_waits() -> None:
    load_demo(password=PASSWORD)

    batches = {
        batch.state: (
            dict(batch.payouts.order_by("partner__name").values_list("partner__name", "amount_minor")),
            batch.cut_off_on,
        )
        for batch in PayoutBatch.objects.prefetch_related("payouts")
    }
    assert batches == {
        "paid": ({"Jo Brandt": 1750, "Mara Quinn": 3200, "North Agency": 1388}, day(-48)),
        "built": ({"Jo Brandt": 6000, "Lena Ortiz": 1750, "North Agency": 700}, day(-10)),
    }
    assert verify_books() == []


def test_its_partners_are_not_told_of_what_is_loaded() -> None:
    load_demo(password=PASSWORD)

    assert Partner.objects.filter(notify_on_sale=True).exists()
    assert not ProcrastinateJob.objects.exists()


def test_it_is_loaded_once() -> None:
    assert load_demo(password=PASSWORD, today=date(2026, 11, 23))
    before = everything()

    assert not load_demo(password="another one", today=date(2026, 11, 24))

    assert everything() == before


def test_the_same_day_makes_the_same_demo() -> None:
    """Another process would invent the same people, orders and payments."""
    from django.db import transaction

    def facts() -> list[object]:
        with transaction.atomic():
            load_demo(password=PASSWORD, today=date(2026, 11, 23))
            found = [
                list(Contact.objects.order_by("pk").values_list("name", "email")),
                list(Order.objects.order_by("pk").values_list("title", "ordered_on", "invoice__total_minor")),
                list(Payment.objects.order_by("pk").values_list("received_on", "amount_minor", "reference")),
                Event.objects.count(),
            ]
            transaction.set_rollback(True)
        return found

    assert facts() == facts()
