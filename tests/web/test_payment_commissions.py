"""The panel beside a payment's form: each partner's cents with their sum, or why there are none."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.partners.models import Partner
from tests.factories import (
    line,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    payment_type as type_of,
)
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.payment_form import open_form, preview

pytestmark = pytest.mark.django_db


def website(**partners: Any) -> Invoice:
    """1,200.00, of which 1,000.00 counts."""
    return make_invoice(
        lines=[
            line("1000.00"),
            line("190.00", kind=ItemKind.TAX, description="Sales tax"),
            line("10.00", kind=ItemKind.SHIPPING, description="Shipping"),
        ],
        **partners,
    )


def with_finance_charge(**partners: Any) -> Invoice:
    """120.00: 100.00 counts, and 20.00 is a finance charge."""
    charge = line("20.00", kind=ItemKind.FINANCE_CHARGE, description="Finance charge")
    return make_invoice(lines=[line("100.00"), charge], **partners)


def jo(rate: int = 500, **fields: Any) -> Partner:
    partner = make_partner("Jo Brandt", code="BRANDT")
    make_program(partner, rates={("lead", 1): rate}, **fields)
    return partner


def panel(client: Client, invoice: Invoice, **typed: Any) -> str:
    return text_of(preview(client, open_form(client, invoice.contact_id), **typed))


def act_panel(client: Client, name: str, *ids: int, **typed: Any) -> str:
    url = reverse(f"web:{name}", args=ids)
    first = client.get(url)
    headers = {"HX-Request": "true", "HX-Target": "preview"}
    return text_of(client.post(url, fields_of(first, **typed), headers=headers))


def test_each_partner_has_the_sum_that_makes_the_cents(client: Client) -> None:
    sign_in(client)
    north = make_partner("North Agency", code="NORTH")
    make_program(north, rates={("sale", 1): 1000}, name="Agency")
    invoice = website(lead_partner_id=jo().pk, sale_partner_id=north.pk)

    text = panel(client, invoice, amount="300.00")

    assert (
        "Jo Brandt lead · level 1 5 % of 1,000.00 = 50.00, of it 300.00 of 1,200.00 paid;"
        " shipping and tax excluded 12.50" in text
    )
    assert (
        "North Agency sale · level 1 10 % of 1,000.00 = 100.00, of it 300.00 of 1,200.00 paid;"
        " shipping and tax excluded 25.00" in text
    )
    assert "Commission expense debit Partner payable credit 37.50" in text


def test_the_parent_of_a_partner_has_a_row_of_its_own(client: Client) -> None:
    sign_in(client)
    north = make_partner("North Agency", code="NORTH")
    lena = make_partner("Lena", code="LENA", parent=north)
    make_program(lena, rates={("lead", 1): 500, ("lead", 2): 200})

    text = panel(client, make_invoice("100.00", lead_partner_id=lena.pk))

    assert "Lena lead · level 1 5 % of 100.00 = 5.00, of it 100.00 of 100.00 paid 5.00" in text
    assert "North Agency lead · level 2 2 % of 100.00 = 2.00, of it 100.00 of 100.00 paid 2.00" in text


def test_no_leaves_the_payment_out(client: Client) -> None:
    sign_in(client)

    text = panel(client, website(lead_partner_id=jo().pk), apply_to_commissions="no")

    assert "Jo Brandt lead · level 1 5 % of 1,000.00 = 50.00" in text
    assert "Set to No: it earns nothing. 0.00" in text
    assert "this payment is left out of the partners' commissions" in text
    assert "Commission expense" not in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "inactive"}, "The partner was inactive when the order got its partners. 0.00"),
        ({}, "The partner is in no program that covers this, and has no override for it. 0.00"),
    ],
)
def test_a_partner_who_earns_nothing_hears_why(client: Client, fields: dict[str, str], told: str) -> None:
    sign_in(client)
    partner = make_partner(**fields)

    assert f"Dana lead · level 1 {told}" in panel(client, make_invoice(lead_partner_id=partner.pk))


def test_without_a_partner_nothing_is_due(client: Client) -> None:
    sign_in(client)

    assert "No referral partner is on this order: no commission is due." in panel(client, make_invoice())


def test_what_was_earned_up_front_is_not_earned_again(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice(lead_partner_id=jo(payout_type="up_front").pk)

    text = panel(client, invoice)

    assert "All of it was earned up front, when the order was placed. 0.00" in text


def test_when_all_is_earned_nothing_is_left(client: Client) -> None:
    sign_in(client)
    invoice = with_finance_charge(lead_partner_id=jo().pk)
    make_payment("20.00", invoice=invoice, apply_to_commissions=False)
    make_payment("90.00", invoice=invoice)
    make_payment("9.99", invoice=invoice)

    assert "All of it" not in panel(client, invoice)
    assert "5 % of 100.00 = 5.00, of it 0.01 of 100.00 paid; finance charge excluded 0.01" in panel(
        client, invoice
    )


def test_the_finance_charge_is_settled_first(client: Client) -> None:
    sign_in(client)
    invoice = with_finance_charge(lead_partner_id=jo().pk)

    text = panel(client, invoice, amount="20.00")

    assert "What was paid settles the finance charge first. 0.00" in text


def test_a_payment_left_out_releases_what_was_paid_earlier(client: Client) -> None:
    sign_in(client)
    invoice = with_finance_charge(lead_partner_id=jo().pk)
    make_payment("60.00", invoice=invoice)

    text = panel(client, invoice, amount="20.00", apply_to_commissions="no")

    assert "it settles the finance charge: that releases 20.00 paid earlier. 1.00" in text
    assert "5 % of 100.00 = 5.00, of it 20.00 of 100.00 paid" in text


def test_less_than_a_cent_is_carried(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00", lead_partner_id=jo(100).pk)

    assert "The next payment carries it. 0.00" in panel(client, invoice, amount="0.10")


def test_an_adjustment_says_what_it_pays(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00", lead_partner_id=jo().pk)
    adjustment = type_of("Adjustment").pk

    text = panel(client, invoice, payment_type=adjustment, apply_to_commissions="yes", amount="50.00")

    assert "No money comes in; this pays 2.50 commission." in text


def test_undoing_takes_it_back(client: Client) -> None:
    sign_in(client)
    payment = make_payment("600.00", invoice=website(lead_partner_id=jo().pk))

    text = text_of(client.get(reverse("web:payment_reversal", args=[payment.pk])))

    assert "5 % of 1,000.00 = 50.00, of it 600.00 of 1,200.00 no longer paid" in text
    assert "-25.00" in text
    assert "Partner payable debit Commission expense credit 25.00" in text


def test_undoing_a_payment_left_out_takes_back_what_it_released(client: Client) -> None:
    sign_in(client)
    invoice = with_finance_charge(lead_partner_id=jo().pk)
    make_payment("60.00", invoice=invoice)
    left_out = make_payment("20.00", invoice=invoice, apply_to_commissions=False)

    text = text_of(client.get(reverse("web:payment_reversal", args=[left_out.pk])))

    assert "it had settled the finance charge: now 20.00 paid earlier settles it. -1.00" in text


def test_a_return_takes_back_also_what_was_earned_up_front(client: Client) -> None:
    sign_in(client)
    payment = make_payment("50.00", invoice=make_invoice(lead_partner_id=jo(payout_type="up_front").pk))

    text = text_of(client.get(reverse("web:payment_return", args=[payment.pk])))

    assert "5 % of 100.00 = 5.00, of it 50.00 of 100.00 went back to the customer -2.50" in text


def test_moving_takes_from_one_order_and_gives_to_the_other(client: Client) -> None:
    sign_in(client)
    acme, partner = make_contact(), jo()
    first = make_invoice("100.00", contact=acme, lead_partner_id=partner.pk)
    second = make_invoice("100.00", contact=acme, lead_partner_id=partner.pk)
    payment = make_payment("40.00", invoice=first)

    text = act_panel(client, "payment_move", payment.pk, first.pk, to_invoice=second.pk)

    assert "of it 40.00 of 100.00 no longer paid -2.00" in text
    assert "of it 40.00 of 100.00 paid 2.00" in text


@pytest.mark.parametrize(("answer", "cents"), [("yes", "paid 2.00"), ("no", "earns nothing. 0.00")])
def test_applying_credit_follows_yes_and_no(client: Client, answer: str, cents: str) -> None:
    sign_in(client)
    invoice = make_invoice("100.00", lead_partner_id=jo().pk)
    make_payment("40.00", contact=invoice.contact)

    text = act_panel(client, "credit_use", invoice.contact_id, apply_to_commissions=answer)

    assert f"{cents}" in text


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("300.00", ", of it 300.00 of 1,200.00 no longer paid; shipping and tax excluded -12.50"),
        ("720.00", ", of it 120.00 of 1,200.00 paid; shipping and tax excluded 5.00"),
        ("600.00", "; shipping and tax excluded It stays as it is. 0.00"),
    ],
)
def test_correcting_tells_in_one_line_what_it_changes(client: Client, amount: str, told: str) -> None:
    sign_in(client)
    invoice = website(lead_partner_id=jo().pk)
    payment = make_payment("600.00", invoice=invoice)
    make_payment("300.00", invoice=invoice)
    page = client.get(reverse("web:payment_correction", args=[payment.pk]))

    text = text_of(preview(client, page, amount=amount, reason="Typo"))

    assert f"lead · level 1 5 % of 1,000.00 = 50.00{told}" in text
    assert text.count("lead · level 1") == 1
    assert "Partner payable debit Commission expense credit 25.00" in text


def test_correcting_to_no_takes_back_what_was_earned(client: Client) -> None:
    sign_in(client)
    invoice = website(lead_partner_id=jo().pk)
    payment = make_payment("600.00", invoice=invoice)
    page = client.get(reverse("web:payment_correction", args=[payment.pk]))

    text = text_of(preview(client, page, apply_to_commissions="no", reason="Typo"))

    assert "of it 600.00 of 1,200.00 no longer paid; shipping and tax excluded -25.00" in text
    assert text.count("lead · level 1") == 1
    assert "had settled the finance charge" not in text


def test_the_number_of_queries_does_not_grow_with_the_partners(client: Client) -> None:
    sign_in(client)
    counts = []
    parent: Partner | None = None
    for number in range(3):
        parent = make_partner(f"Partner {number}", code=f"CODE{number}", parent=parent)
        make_program(parent, rates={("lead", 1): 500, ("lead", 2): 200}, name=f"Program {number}")
        invoice = website(lead_partner_id=parent.pk, contact=make_contact(f"Contact {number}"))
        page = open_form(client, invoice.contact_id)
        with CaptureQueriesContext(connection) as queries:
            preview(client, page)
        counts.append(len(queries))

    assert counts[0] == counts[1] == counts[2]
