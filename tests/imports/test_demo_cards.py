"""The demo's sandbox: entered once with its story, found again at another address."""

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.contacts.models import Contact
from duebook.gateways.models import MerchantAccount
from duebook.imports.demo_card_story import BEGUN_DAYS_AGO, CARD_SALES, CARDS, PAID_OUT_DAYS_AGO
from duebook.imports.demo_cards import join_sandbox
from duebook.imports.services.load_demo import load_demo
from duebook.payments.models import (
    Charge,
    Dispute,
    GatewayRefund,
    PayLink,
    Payment,
    PaymentMethod,
    RefundRequest,
    Settlement,
)
from duebook.payments.to_decide import disputes_to_see, refund_requests_to_decide, refused_refunds
from duebook.reports.queries.card_clearing import ClearingFilter, waiting_page
from duebook.reports.services.verify_gateways import verify_gateways
from tests.factories import day
from tests.gateways.sandbox.server import SECRET, running_sandbox
from tests.snapshot import everything

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a password for the demo"


def test_its_story_has_something_for_every_page_about_cards(tmp_path: Path) -> None:
    load_demo(password=PASSWORD)

    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        account = join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
        compared = verify_gateways(now=timezone.now())

    assert compared == []
    assert (account.is_default, account.live) == (True, False)
    on_file = PaymentMethod.objects.order_by("pk")
    assert [one.last_four for one in on_file] == [number[-4:] for _, number in CARDS]
    assert Counter(Charge.objects.values_list("state", flat=True)) == {
        "succeeded": 5,
        "requires_action": 1,
        "declined": 1,
    }
    paid_on = list(
        Payment.objects.filter(charge_id__isnull=False).order_by("pk").values_list("received_on", flat=True)
    )
    assert paid_on == [day(-sale.days_ago) for sale in CARD_SALES if sale.key not in {"bags", "cards"}]
    assert list(Settlement.objects.order_by("paid_on").values_list("paid_on", "gross_minor")) == [
        (day(-25), 39000),
        (day(-16), 49800 + 36720),
        (day(-9), 40800),
    ]
    waiting = waiting_page(ClearingFilter(account.clearing_account_id, "USD"), limit=9).rows
    assert [row.minor for row in waiting] == [34800, -12000]


def test_it_leaves_a_dispute_two_refunds_and_pay_links_to_look_after(tmp_path: Path) -> None:
    load_demo(password=PASSWORD)

    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")

    dispute = disputes_to_see().get()
    assert (dispute.state, dispute.amount_minor, dispute.opened_at.date()) == ("open", 36720, day(-5))
    assert list(GatewayRefund.objects.order_by("pk").values_list("state", "amount_minor")) == [
        ("succeeded", 12000),
        ("failed", 8500),
    ]
    assert refused_refunds().get().problem == "The money is disputed."
    assert refund_requests_to_decide().get().amount_minor == 26000
    assert set(PayLink.objects.values_list("contact__name", flat=True)) == {"Marta Keller", "Okafor & Sons"}


def test_joining_again_tells_nothing_twice_and_follows_it_to_another_address(tmp_path: Path) -> None:
    load_demo(password=PASSWORD)
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        first = join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
        before = everything()
        join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
        assert everything() == before
    told = (Charge.objects.count(), RefundRequest.objects.count(), Dispute.objects.count())

    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        again = join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
        address = sandbox.url

    assert (first.pk, again.base_url) == (again.pk, address)
    assert (Charge.objects.count(), RefundRequest.objects.count(), Dispute.objects.count()) == told
    assert Settlement.objects.count() == len(PAID_OUT_DAYS_AGO)
    assert MerchantAccount.objects.get().created_at.date() == day(-BEGUN_DAYS_AGO)


def test_the_story_leaves_out_whom_the_business_does_not_know(tmp_path: Path) -> None:
    load_demo(password=PASSWORD)
    Contact.objects.filter(company="Calder Legal").update(email="another@example.com")

    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")

    assert (Charge.objects.count(), Dispute.objects.count()) == (6, 0)
    assert GatewayRefund.objects.get().state == "succeeded"
