"""The panel beside the form: what it says while one types, and that it never writes."""

import re
from typing import Any

import pytest
from django.test import Client

from duebook.domain.permissions import Role
from tests.factories import day, make_contact, make_invoice, make_partner, make_payment, payment_type
from tests.snapshot import everything
from tests.web.pages import sign_in
from tests.web.payment_form import open_form, preview, preview_url

pytestmark = pytest.mark.django_db


def words(answer: Any) -> str:
    """What the panel says, in one line."""
    body = answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).strip()


def test_it_shows_the_balance_before_and_after_and_writes_nothing(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("1200.00")
    make_payment("720.00", invoice=invoice)
    page = open_form(client, invoice.contact_id)
    before = everything()

    answer = preview(client, page, amount="300.00")

    assert everything() == before
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Balance due now 480.00 → after 180.00" in words(answer)
    assert '<rect class="bar-done" width="60.00%"' in answer.content.decode()
    assert '<rect class="bar-adds" x="60.00%" width="25.00%"' in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"amount": ""}, "Enter an amount."),
        ({"amount": "abc"}, "Enter an amount in figures"),
        ({"invoice": "", "amount": "10"}, "Choose an invoice."),
        ({"amount": "500"}, "The balance due is 100.00. Lower the amount"),
        ({"received_on": "2999-01-01"}, "is in the future"),
    ],
)
def test_what_stands_in_the_way_is_said_calmly(client: Client, typed: dict[str, str], says: str) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)

    answer = preview(client, page, **typed)

    assert answer.status_code == 200
    assert says in words(answer)
    assert "Books" not in words(answer)
    assert "Nothing is saved until you apply." in words(answer)


def test_the_question_about_a_surplus_comes_with_the_panel_and_only_when_it_changes(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)

    plain = preview(client, page, amount="50")
    above = preview(client, page, amount="120")
    same = preview(client, page, amount="120", surplus_asked="10000:2000", surplus="keep")
    below = preview(client, page, amount="90", surplus_asked="10000:2000")

    assert 'id="surplus"' not in plain.content.decode()
    assert 'id="surplus" hx-swap-oob="true"' in " ".join(above.content.decode().split())
    assert "20.00 more than the balance due" in words(above)
    assert 'id="surplus"' not in same.content.decode()
    assert "20.00 is kept as credit on account." in words(same)
    assert 'id="surplus" hx-swap-oob="true"' in " ".join(below.content.decode().split())
    assert "more than the balance due" not in words(below)


def test_lowering_the_amount_shows_the_lower_one(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)

    answer = preview(client, page, amount="120", surplus="lower")

    assert "Undeposited funds debit Customer credit credit 100.00" in words(answer)


def test_it_says_what_an_adjustment_pays_in_commission(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner()
    page = open_form(client, make_invoice("100.00", sale_partner_id=dana.pk).contact_id)
    adjustment = payment_type("Adjustment").pk

    counted = preview(client, page, payment_type=adjustment, apply_to_commissions="yes")
    left_out = preview(client, page, payment_type=adjustment, apply_to_commissions="no")

    assert "No money comes in; this pays 0.00 commission." in words(counted)
    assert "Allowances debit Customer credit credit 100.00" in words(counted)
    assert "this payment is left out of the partners' commissions" in words(left_out).replace("&#x27;", "'")


def test_an_order_without_partners_says_so(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)

    assert "No referral partner is on this order: no commission is due." in words(preview(client, page))


def test_the_right_is_asked_before_anything_is_shown(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice()

    assert client.post(preview_url(invoice.contact_id), {}).status_code == 403


def test_a_clerk_sees_why_a_write_off_is_not_for_them(client: Client) -> None:
    sign_in(client, Role.CLERK)
    page = open_form(client, make_invoice().contact_id)

    answer = preview(client, page, payment_type=payment_type("Write-off").pk)

    assert "Your role does not allow this" in words(answer)


def test_without_javascript_the_button_preview_shows_the_whole_page(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)
    before = everything()

    answer = preview(client, page, as_panel=False, amount="40", notes="By post")

    assert everything() == before
    assert answer.status_code == 200
    assert "<html" in answer.content.decode()
    assert "Balance due now 100.00 → after 60.00" in words(answer)
    assert answer.context["form"]["notes"].value() == "By post"


def test_without_javascript_the_preview_fills_in_the_balance_of_another_invoice(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)
    page = open_form(client, acme.pk, f"invoice={first.pk}")

    answer = preview(client, page, as_panel=False, invoice=second.pk)

    assert answer.context["form"]["amount"].value() == "40.00"
    assert "Balance due now 40.00 → after 0.00" in words(answer)


def test_an_address_of_the_preview_leads_to_the_form(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()

    answer = client.get(preview_url(invoice.contact_id))

    assert answer.status_code == 302
    assert answer.url == f"/contacts/{invoice.contact_id}/payments/new/"


def test_backdating_shows_in_the_panel_what_saving_would_refuse(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00", ordered_on=day(-20)).contact_id)

    answer = preview(client, page, received_on=day(-30).isoformat())

    assert "Balance due now 100.00 → after 0.00" in words(answer)
