"""A partner sees own referrals, orders, commissions and payouts, and nobody else's."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.commissions.models import Payout, PayoutBatch
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.permissions import Role
from duebook.partners.models import Partner
from duebook.partners.services.refer_contact import refer_contact
from duebook.staff.models import Business
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_user,
)
from tests.portal.visiting import sign_in_partner
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db

PAGES = ("overview", "referrals", "orders", "earnings", "payouts")


def earning(name: str, code: str, customer: str, amount: str = "100.00") -> Partner:
    """A partner who brought a customer, whose order of that amount was paid."""
    partner = make_partner(name, code=code)
    make_program(partner, name=f"Program of {name}", hold_days=0)
    contact = make_contact(customer)
    refer_contact(
        contact_id=contact.pk,
        partner_id=partner.pk,
        role=PartnerRole.LEAD,
        since=day(),
        request_key=key(),
        actor=SYSTEM,
    )
    invoice = make_invoice(amount, contact=contact, lead_partner_id=partner.pk)
    make_payment(amount, invoice=invoice)
    return partner


def built() -> PayoutBatch:
    return build_payout_batch(
        cut_off_on=day(), currency="USD", minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
    )


def paid() -> PayoutBatch:
    make_user(role=Role.OWNER)
    batch = built()
    approver = actor(Role.PARTNER_MANAGER, user_id=901)
    approve_payout_batch(batch_id=batch.pk, request_key=key(), actor=approver)
    return pay_payout_batch(
        batch_id=batch.pk,
        paid_on=day(),
        method="Bank transfer",
        reference="F12",
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )


def names_shown() -> None:
    Business.objects.update(partners_see_names=True)


def test_each_page_says_what_the_partner_earned(client: Client) -> None:
    names_shown()
    sign_in_partner(client, earning("Dana", "DANA1", "Acme"))

    said = {page: text_of(client.get(f"/portal/{page}/")) for page in PAGES}

    assert "Earned so far 10.00 Held for now 0.00 To be paid out 10.00 Paid out 0.00" in said["overview"]
    assert "Your tracking code DANA1" in said["overview"]
    assert "Acme" in said["referrals"]
    assert "Acme" in said["orders"]
    assert "10 % of 100.00 = 10.00" in said["orders"]
    assert (
        "The customer paid 10 % of 100.00 = 10.00; 100.00 of 100.00 is paid;"
        " that makes 10.00, before it was 0.00 in the next payout 10.00" in said["earnings"]
    )
    assert "Nothing was paid out yet." in said["payouts"]


def test_the_link_carries_the_code(client: Client) -> None:
    Business.objects.update(partner_link="https://shop.example/?by={code}")
    sign_in_partner(client, make_partner(code="DANA1"))

    assert 'href="https://shop.example/?by=DANA1"' in client.get("/portal/overview/").content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_customers_have_no_names_unless_the_business_allows(client: Client, page: str) -> None:
    sign_in_partner(client, earning("Dana", "DANA1", "Acme"))

    assert "Acme" not in client.get(f"/portal/{page}/").content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_anything_else_of_a_customer(client: Client, page: str) -> None:
    names_shown()
    sign_in_partner(client, earning("Dana", "DANA1", "Acme"))

    assert "acme@example.com" not in client.get(f"/portal/{page}/").content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_another_partner_s_rows(client: Client, page: str) -> None:
    names_shown()
    dana = earning("Dana", "DANA1", "Acme", "100.00")
    earning("Rival", "RIVAL", "Secret customer", "777.70")
    sign_in_partner(client, dana)

    shown = client.get(f"/portal/{page}/").content.decode()

    assert "Secret" not in shown
    assert "77.77" not in shown
    assert "RIVAL" not in shown


def test_a_statement_opens_for_its_partner_alone(client: Client) -> None:
    names_shown()
    dana, rival = earning("Dana", "DANA1", "Acme"), earning("Rival", "RIVAL", "Secret customer")
    paid()
    own, other = (Payout.objects.get(partner=partner) for partner in (dana, rival))
    sign_in_partner(client, dana)

    shown = text_of(client.get(f"/portal/payouts/{own.pk}/"))

    assert "Bank transfer · F12 $10.00" in shown
    assert "Acme" in shown
    assert client.get(f"/portal/payouts/{other.pk}/").status_code == 404
    assert client.get(f"/portal/payouts/{other.pk}.pdf").status_code == 404


def test_a_statement_is_a_file_too(client: Client) -> None:
    dana = earning("Dana", "DANA1", "Acme")
    paid()
    sign_in_partner(client, dana)

    file = client.get(f"/portal/payouts/{Payout.objects.get().pk}.pdf")

    assert file["Content-Type"] == "application/pdf"
    assert file.content.startswith(b"%PDF")


def test_a_payout_that_waits_for_approval_is_not_promised(client: Client) -> None:
    dana = earning("Dana", "DANA1", "Acme")
    built()
    sign_in_partner(client, dana)
    waiting = Payout.objects.get()

    assert "Nothing was paid out yet." in text_of(client.get("/portal/payouts/"))
    assert client.get(f"/portal/payouts/{waiting.pk}/").status_code == 404


def test_what_was_paid_says_with_which_payout(client: Client) -> None:
    dana = earning("Dana", "DANA1", "Acme")
    batch = paid()
    sign_in_partner(client, dana)

    assert f"paid with {batch}" in text_of(client.get("/portal/earnings/"))
    assert str(batch) in text_of(client.get("/portal/payouts/"))


@pytest.mark.parametrize("page", [*PAGES, "payouts/1"])
def test_a_stranger_is_asked_to_sign_in(client: Client, page: str) -> None:
    assert client.get(f"/portal/{page}/")["Location"] == "/portal/"


@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_rows(client: Client, page: str) -> None:
    dana = earning("Dana", "DANA1", "Acme")
    sign_in_partner(client, dana)
    counts = []
    for number in range(2):
        for row in range(3):
            contact = make_contact(f"Customer {number} {row}")
            invoice = make_invoice(contact=contact, lead_partner_id=dana.pk)
            make_payment("100.00", invoice=invoice)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/portal/{page}/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 8


def test_nobody_keeps_a_page(client: Client) -> None:
    sign_in_partner(client, make_partner())

    answer = client.get("/portal/overview/")

    assert "no-store" in answer["Cache-Control"]
