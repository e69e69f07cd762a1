"""A statement that leaves the house names customers only where the business allows, with the same figures."""

import re

import pytest
from babel.dates import format_date
from django.core import mail
from django.test import Client

from duebook.commissions.models import Payout
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.domain.permissions import Role
from duebook.reports.queries.partner_statement import statement_of_payout
from duebook.reports.services.email_statement import email_statement
from duebook.reports.statement_pdf import statement_content
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
)
from tests.portal.visiting import sign_in_partner
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db

_OF_THE_MOMENT = re.compile(rb"\(D:[^)]*\)|/ID ?\[[^\]]*\]|<[^<>]*(Date|ID)>[^<]*")


def approved_payout() -> Payout:
    """Dana gets 10 % of the 100.00 that Acme paid in two parts."""
    dana = make_partner()
    make_program(dana, hold_days=0)
    invoice = make_invoice("100.00", contact=make_contact("Acme"), lead_partner_id=dana.pk)
    make_payment("60.00", invoice=invoice)
    make_payment("40.00", invoice=invoice)
    batch = build_payout_batch(
        cut_off_on=day(), currency="USD", minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
    )
    approver = actor(Role.PARTNER_MANAGER, user_id=901)
    approve_payout_batch(batch_id=batch.pk, request_key=key(), actor=approver)
    return Payout.objects.select_related("batch", "partner").get()


def names_shown(*, allowed: bool) -> Business:
    Business.objects.update(partners_see_names=allowed)
    return Business.objects.get()


def without_its_moment(pdf: bytes) -> bytes:
    """The file without the time at which it was made and the identity made of it."""
    return _OF_THE_MOMENT.sub(b"", pdf)


def test_the_file_names_no_customer_unless_the_business_allows() -> None:
    business = names_shown(allowed=False)
    statement = statement_of_payout(approved_payout().pk)

    content = statement_content(statement, business)

    today, order = format_date(day(), "long", locale="en_US"), statement.lines[0].order
    assert content["columns"] == ["Date", "Order", "Role", "What", "Commission"]
    assert content["rows"] == [
        [today, order, "Lead", "Payment", "$6.00"],
        [today, order, "Lead", "Payment", "$4.00"],
    ]
    assert content["sums"] == [["Earned", "$10.00"], ["Payout", "$10.00"]]
    assert "Acme" not in str(content)


def test_the_file_names_customers_where_the_business_allows() -> None:
    business = names_shown(allowed=True)
    statement = statement_of_payout(approved_payout().pk)

    content = statement_content(statement, business)

    today, order = format_date(day(), "long", locale="en_US"), statement.lines[0].order
    assert content["columns"] == ["Date", "Order", "Customer", "Role", "What", "Commission"]
    assert content["rows"] == [
        [today, order, "Acme", "Lead", "Payment", "$6.00"],
        [today, order, "Acme", "Lead", "Payment", "$4.00"],
    ]
    assert content["sums"] == [["Earned", "$10.00"], ["Payout", "$10.00"]]


@pytest.mark.parametrize("allowed", [True, False])
def test_staff_hand_over_the_very_file_that_is_mailed_and_that_the_partner_downloads(
    client: Client, *, allowed: bool
) -> None:
    names_shown(allowed=allowed)
    payout = approved_payout()
    sign_in(client, Role.PARTNER_MANAGER)

    email_statement(payout_id=payout.pk, request_key=key(), actor=SYSTEM)
    of_staff = client.get(f"/payouts/{payout.batch_id}/statements/{payout.partner_id}.pdf").content
    sign_in_partner(client, payout.partner)
    of_partner = client.get(f"/portal/payouts/{payout.pk}.pdf").content

    mailed = mail.outbox[0].attachments[0].content
    assert without_its_moment(of_staff) == without_its_moment(mailed) == without_its_moment(of_partner)


def test_the_mail_around_the_file_names_no_customer() -> None:
    names_shown(allowed=True)
    payout = approved_payout()

    email_statement(payout_id=payout.pk, request_key=key(), actor=SYSTEM)

    assert mail.outbox[0].body == (
        "Dear Dana,\n\n"
        f"you get $10.00 for your commissions up to {format_date(day(), 'long', locale='en_US')}"
        f" ({payout.batch}).\n\n"
        "The statement with each commission is attached.\n\n"
        "My business\n"
    )


@pytest.mark.parametrize(("allowed", "hidden"), [(True, 0), (False, 3)])
def test_the_screen_names_customers_and_keeps_them_off_the_paper(
    client: Client, *, allowed: bool, hidden: int
) -> None:
    names_shown(allowed=allowed)
    payout = approved_payout()
    sign_in(client, Role.PARTNER_MANAGER)

    page = client.get(f"/payouts/{payout.batch_id}/statements/{payout.partner_id}/")

    assert "Acme Lead Payment $6.00" in text_of(page)
    assert ("Customers are named on this screen only" in text_of(page)) is not allowed
    assert page.content.decode().count('class="unprinted"') == hidden
