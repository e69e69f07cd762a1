"""The Add Payment form as it opens: what it offers and what it has filled in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.ledger.services.close_books import close_books
from duebook.payments.models import PaymentType
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import (
    SYSTEM,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    payment_type,
    usd,
)
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import open_form, options_of

pytestmark = pytest.mark.django_db


def test_the_labels_are_exactly_those_of_the_job(client: Client) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice()

    page = open_form(client, invoice.contact_id)

    form = page.context["form"]
    labels = [str(field.label) for field in form.visible_fields() if field.name != "surplus"]
    assert labels == [
        "Invoice",
        "Amount",
        "Date",
        "Payment Type",
        "Reference",
        "Notes",
        "Apply to Commissions",
        "E-mail a receipt",
    ]
    assert 'type="submit">Apply Payment</button>' in page.content.decode()


def test_only_invoices_with_a_balance_due_are_offered(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    paid = make_invoice("10.00", contact=acme, title="Logo")
    make_payment("10.00", invoice=paid)
    void = make_invoice("20.00", contact=acme, title="Card")
    void_invoice(invoice_id=void.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    make_invoice("30.00", contact=make_contact("Other"))
    partly = make_invoice("100.00", contact=acme, title="Website")
    make_payment("40.00", invoice=partly)

    page = open_form(client, acme.pk)

    (label,) = options_of(page, "invoice")
    assert label.startswith(f"{partly} · Website · due ")
    assert label.endswith(" · 60.00 due of 100.00")


def test_one_invoice_is_chosen_with_its_balance(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("1200.00")
    make_payment("720.00", invoice=invoice)

    page = open_form(client, invoice.contact_id)

    form = page.context["form"]
    assert form["invoice"].value() == invoice.pk
    assert form["amount"].value() == "480.00"
    assert form["received_on"].value() == day()
    assert form.fields["received_on"].widget.attrs["max"] == day().isoformat()
    assert form["apply_to_commissions"].value() == "yes"
    assert form["reference"].value() is None
    assert "email_receipt" in form.fields
    assert form["email_receipt"].value() is False


def test_among_several_invoices_none_is_chosen_unless_the_person_came_from_it(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first = make_invoice("100.00", contact=acme)
    second = make_invoice("200.00", contact=acme)

    several = open_form(client, acme.pk)
    from_order = open_form(client, acme.pk, f"invoice={second.pk}&from=order")

    assert several.context["form"]["invoice"].value() is None
    assert several.context["form"]["amount"].value() is None
    assert len(options_of(several, "invoice")) == 2
    assert from_order.context["form"]["invoice"].value() == second.pk
    assert from_order.context["form"]["amount"].value() == "200.00"
    assert first.pk != second.pk


def test_check_comes_first_then_what_the_clerk_recorded_last(client: Client) -> None:
    carl = sign_in(client, Role.CLERK)
    invoice = make_invoice()

    at_first = open_form(client, invoice.contact_id).context["form"]["payment_type"].value()
    carl.last_payment_type_id = payment_type("Cash").pk
    carl.save(update_fields=["last_payment_type_id"])
    later = open_form(client, invoice.contact_id).context["form"]["payment_type"].value()

    assert at_first == payment_type("Check").pk
    assert later == payment_type("Cash").pk


def test_a_type_no_longer_in_use_is_neither_offered_nor_preselected(client: Client) -> None:
    carl = sign_in(client, Role.CLERK)
    cash = payment_type("Cash")
    carl.last_payment_type_id = cash.pk
    carl.save(update_fields=["last_payment_type_id"])
    PaymentType.objects.filter(pk=cash.pk).update(active=False)
    invoice = make_invoice()

    page = open_form(client, invoice.contact_id)

    assert "Cash" not in options_of(page, "payment_type")
    assert page.context["form"]["payment_type"].value() == payment_type("Check").pk


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.CLERK, ["Credit Card", "Check", "Cash", "Money Order"]),
        (Role.MANAGER, ["Credit Card", "Check", "Cash", "Money Order", "Adjustment", "Write-off"]),
    ],
)
def test_adjustments_are_for_those_with_the_right_and_no_card_can_be_charged(
    client: Client, role: Role, offered: list[str]
) -> None:
    sign_in(client, role)
    invoice = make_invoice()

    page = open_form(client, invoice.contact_id)

    assert options_of(page, "payment_type") == offered


def test_a_viewer_is_sent_away(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice()

    assert open_form(client, invoice.contact_id).status_code == 403


def test_nothing_due_leads_to_a_payment_on_account(client: Client) -> None:
    sign_in(client)
    acme = make_contact()

    page = open_form(client, acme.pk)
    on_account = open_form(client, acme.pk, "account")

    assert page.status_code == 422
    assert "Nothing is due from Acme." in text_of(page)
    assert f"/contacts/{acme.pk}/payments/new/?account" in page.content.decode()
    assert on_account.status_code == 200
    assert "invoice" not in on_account.context["form"].fields
    assert options_of(on_account, "payment_type") == ["Credit Card", "Check", "Cash", "Money Order"]


def test_a_contact_that_does_not_exist_is_not_found(client: Client) -> None:
    sign_in(client)

    assert open_form(client, 4711).status_code == 404


def test_the_amount_is_in_the_currency_of_the_invoice(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_invoice("10.00", contact=acme)
    yen = make_invoice("5000", contact=acme, currency="JPY")

    page = open_form(client, acme.pk, f"invoice={yen.pk}")

    assert page.context["form"]["amount"].value() == "5,000"
    assert "¥" in page.content.decode()


def test_the_first_day_is_the_one_after_the_closed_period(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()
    close_books(closed_until=day(-10), reason="Year end", request_key=key(), actor=SYSTEM, on=day())

    page = open_form(client, invoice.contact_id)

    attrs = page.context["form"].fields["received_on"].widget.attrs
    assert attrs["min"] == (day(-10) + timedelta(days=1)).isoformat()


def test_credit_on_account_is_shown_with_a_way_to_apply_it(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("25.00", contact=acme)
    invoice = make_invoice("100.00", contact=acme)

    page = open_form(client, acme.pk)

    assert page.context["credit"] == usd("25.00")
    assert "Credit on account 25.00" in text_of(page)
    assert f"/contacts/{acme.pk}/credit/?invoice={invoice.pk}" in page.content.decode()


def test_the_first_answer_already_shows_what_applying_will_do(client: Client) -> None:
    sign_in(client)
    lead, sale = make_partner("Dana"), make_partner("North", code="NORTH1")
    invoice = make_invoice("1200.00", lead_partner_id=lead.pk, sale_partner_id=sale.pk)

    text = text_of(open_form(client, invoice.contact_id))

    assert "Balance due now 1,200.00 → after 0.00" in text
    why = "The partner is in no program that covers this, and has no override for it. 0.00"
    assert f"Dana lead · level 1 {why}" in text
    assert f"North sale · level 1 {why}" in text
    assert "Undeposited funds debit Customer credit credit 1,200.00" in text
    assert "Customer credit debit Receivable credit 1,200.00" in text
    assert "Nothing is saved until you apply. You can undo it afterwards." in text


def test_the_number_of_queries_does_not_grow_with_the_invoices(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    counts = []
    for _round in range(2):
        last = [make_invoice(contact=acme) for _ in range(10)][-1]
        with CaptureQueriesContext(connection) as queries:
            open_form(client, acme.pk, f"invoice={last.pk}")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 12
