"""Refunding a payment by hand: how much goes back, and how much the customer should owe afterwards."""

from typing import Any

import pytest
from django.test import Client

from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Right, Role
from duebook.invoices.models import Invoice
from duebook.ledger.models import Account
from duebook.payments.models import Payment, Refund
from duebook.staff.models import RoleLimit
from tests.factories import (
    day,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_refund,
)
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def url_of(payment: Payment) -> str:
    return f"/payments/{payment.pk}/refunds/"


def paid(amount: str = "100.00", **fields: Any) -> tuple[Payment, Invoice]:
    """A payment and its invoice of 100.00."""
    invoice = make_invoice("100.00", ordered_on=day(-20), **fields)
    return make_payment(amount, invoice=invoice, received_on=day(-10)), invoice


def panel_of(client: Client, payment: Payment, **typed: Any) -> str:
    page = client.get(url_of(payment))
    return text_of(client.post(url_of(payment), fields_of(page, **typed), headers={"HX-Target": "preview"}))


def test_the_form_offers_all_that_can_be_refunded_to_the_bank(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    payment, _invoice = paid()
    make_refund(payment, "30.00")

    page = client.get(url_of(payment))

    form = page.context["form"]
    assert form["amount"].value() == "70.00"
    assert (form["refunded_on"].value(), form["account"].value()) == (day(), Sys.BANK)
    assert [label for _value, label in form.fields["account"].choices] == [
        "Check or transfer, from Bank",
        "Cash, from Undeposited funds",
        "Card terminal, from Card clearing",
    ]
    assert "How much should the customer owe afterwards?" in text_of(page)
    assert "Balance due now 0.00 → after 70.00" in text_of(page)


def test_a_card_payment_goes_back_to_the_card(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice(), type_label="Credit Card")

    assert client.get(url_of(payment)).context["form"]["account"].value() == Sys.CARD_CLEARING


def test_a_refund_is_recorded_and_shown(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    payment, invoice = paid()
    page = client.get(url_of(payment))

    answer = client.post(
        url_of(payment),
        fields_of(page, amount="40", reference="SEPA 7", reason="Goods came back"),
    )

    invoice.refresh_from_db()
    row = Refund.objects.get()
    assert answer.url == f"/payments/{payment.pk}/"
    assert (row.amount_minor, row.account_id, row.reference) == (4000, Sys.BANK, "SEPA 7")
    assert invoice.balance_due_minor == 4000
    text = text_of(client.get(answer.url))
    assert f"40.00 of {payment} is refunded." in text
    assert f"{payment} refunded in part" in text
    assert "Bank SEPA 7 Goods came back 40.00" in text
    assert f"40.00 of {payment} refunded on" in text
    assert f"{payment} refunded in part" in text_of(client.get(f"/orders/{invoice.order_id}/"))
    assert f"{payment} refunded in part" in text_of(client.get(f"/contacts/{invoice.contact_id}/payments/"))


@pytest.mark.parametrize(
    ("typed", "balance", "label", "credited", "said"),
    [
        ({"owes": "all"}, 4000, None, 0, "40.00 is owed again."),
        ({"owes": "credit"}, 0, "Adjustment", 4000, "40.00 is credited and not owed any more."),
        ({"owes": "write_off"}, 0, "Write-off", 4000, "40.00 is written off and not owed any more."),
        (
            {"owes": "other", "owes_amount": "15", "rest": "credit"},
            1500,
            "Adjustment",
            2500,
            "15.00 is owed again. 25.00 is credited and not owed any more.",
        ),
        (
            {"owes": "other", "owes_amount": "0", "rest": "write_off"},
            0,
            "Write-off",
            4000,
            "40.00 is written off",
        ),
    ],
)
def test_each_answer_to_what_is_owed_afterwards(
    client: Client, typed: dict[str, str], balance: int, label: str | None, credited: int, said: str
) -> None:
    sign_in(client, Role.MANAGER)
    payment, invoice = paid()
    page = client.get(url_of(payment))

    panel = panel_of(client, payment, amount="40", **typed)
    client.post(url_of(payment), fields_of(page, amount="40", reason="Late", **typed))

    invoice.refresh_from_db()
    made = Payment.objects.latest("id")
    assert invoice.balance_due_minor == balance
    assert said in panel
    if label:
        assert (made.payment_type.label, made.amount_minor) == (label, credited)
    else:
        assert made == payment


def test_the_panel_shows_balances_commissions_and_books_and_writes_nothing(client: Client) -> None:
    sign_in(client)
    dana = make_partner()
    make_program(dana)
    payment, _invoice = paid(lead_partner_id=dana.pk)
    before = everything()

    panel = panel_of(client, payment, amount="40", owes="credit")

    assert everything() == before
    assert "Balance due now 0.00 → after 0.00" in panel
    assert "Dana lead · level 1" in panel
    assert "-4.00" in panel
    assert "Customer credit debit Bank credit 40.00" in panel
    assert "Allowances debit Customer credit credit 40.00" in panel
    assert "Partner payable debit Commission expense credit 4.00" in panel


def test_without_javascript_the_button_preview_shows_the_same(client: Client) -> None:
    sign_in(client)
    payment, _invoice = paid()
    page = client.get(url_of(payment))
    before = everything()

    answer = client.post(
        url_of(payment), fields_of(page, amount="40", owes="credit", reason="Late", preview="1")
    )

    assert everything() == before
    assert answer.status_code == 200
    assert "40.00 is credited and not owed any more." in text_of(answer)
    assert answer.context["form"]["amount"].value() == "40"


def test_credit_on_account_asks_nothing_about_what_is_owed(client: Client) -> None:
    sign_in(client)
    payment = make_payment("25.00", contact=make_contact())

    page = client.get(url_of(payment))
    client.post(url_of(payment), fields_of(page, reason="Paid too much"))

    payment.refresh_from_db()
    assert "owes" not in page.context["form"].fields
    assert "25.00 of credit on account goes with it." in text_of(page)
    assert (payment.refunded_minor, payment.credit_minor) == (2500, 0)


def test_of_several_invoices_one_can_be_chosen(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("60.00", contact=acme), make_invoice("40.00", contact=acme)
    payment = make_payment("100.00", contact=acme, shares={first.pk: "60.00", second.pk: "40.00"})

    newest = panel_of(client, payment, amount="30")
    chosen = panel_of(client, payment, amount="30", from_invoice=first.pk)

    assert newest.startswith("Balance due now 0.00 → after 30.00")
    page = client.get(url_of(payment))
    client.post(url_of(payment), fields_of(page, amount="30", from_invoice=first.pk, reason="Late"))
    first.refresh_from_db()
    second.refresh_from_db()
    assert chosen.startswith("Balance due now 0.00 → after 30.00")
    assert (first.balance_due_minor, second.balance_due_minor) == (3000, 0)


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"amount": ""}, "amount", "Enter an amount."),
        ({"amount": "0"}, "amount", "Enter an amount above zero"),
        ({"amount": "100.01"}, "amount", "can still be refunded"),
        ({"refunded_on": "2999-01-01"}, "refunded_on", "is in the future"),
        ({"refunded_on": "2000-01-01"}, "refunded_on", "when it was received"),
        ({"refunded_on": ""}, "refunded_on", "Enter the day"),
        ({"account": ""}, "account", "Choose how"),
        ({"account": str(int(Sys.SALES))}, "account", "Select a valid choice"),
        ({"reason": " "}, "reason", "Say why"),
        ({"owes": ""}, "owes", "Say how much the customer should owe"),
        ({"owes": "other"}, "owes_amount", "Enter how much the customer should owe"),
        ({"owes": "other", "owes_amount": "41"}, "owes_amount", "The refund re-opens 40.00."),
        ({"owes": "other", "owes_amount": "x"}, "owes_amount", "Enter an amount in figures"),
    ],
)
def test_a_refund_that_cannot_be(client: Client, typed: dict[str, str], field: str, says: str) -> None:
    sign_in(client)
    payment, _invoice = paid()
    page = client.get(url_of(payment))
    before = everything()

    sent = fields_of(page, **{"amount": "40", "reason": "Late", "reference": "SEPA 7", **typed})
    answer = client.post(url_of(payment), sent)

    assert everything() == before
    assert answer.status_code == 422
    assert says in " ".join(answer.context["form"].errors[field])
    assert says in text_of(answer)
    assert answer.context["form"]["reference"].value() == "SEPA 7"


def test_a_refund_sent_twice_gives_back_once(client: Client) -> None:
    sign_in(client)
    payment, _invoice = paid()
    sent = fields_of(client.get(url_of(payment)), amount="40", reason="Late")

    answers = [client.post(url_of(payment), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Refund.objects.count() == 1


def test_a_limit_of_the_role_holds(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    RoleLimit.objects.create(role="manager", right=Right.REFUND.value, currency="USD", amount_minor=3000)
    payment, _invoice = paid()

    panel = panel_of(client, payment, amount="40")

    assert "40.00 is above your limit of 30.00." in panel
    assert "40.00 is above" not in panel_of(client, payment, amount="30")


def test_a_clerk_may_not_refund(client: Client) -> None:
    sign_in(client, Role.CLERK)
    payment, _invoice = paid()

    assert client.get(url_of(payment)).status_code == 403
    assert "Refund" not in text_of(client.get(f"/payments/{payment.pk}/"))


def test_what_is_refunded_in_full_is_past_all_acts(client: Client) -> None:
    sign_in(client)
    payment, _invoice = paid()
    make_refund(payment, "100.00")

    page, late = client.get(f"/payments/{payment.pk}/"), client.get(url_of(payment))

    acts = page.context["acts"]
    assert [acts.undo, acts.correct, acts.take_back, acts.refund, acts.move] == [False] * 5
    assert late.status_code == 422
    assert f"{payment} has been refunded in full." in text_of(late)


def test_an_adjustment_is_never_refunded(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice(), type_label="Adjustment")

    answer = client.get(url_of(payment))

    assert answer.status_code == 422
    assert "is an adjustment" in text_of(answer)


def test_an_own_account_can_give_the_money(client: Client) -> None:
    sign_in(client)
    Account.objects.create(id=1001, code="1090", name="Petty cash", kind="asset")
    payment, _invoice = paid()
    page = client.get(url_of(payment))

    client.post(url_of(payment), fields_of(page, account="1001", reason="Late"))

    assert "From Petty cash" in text_of(page)
    assert Refund.objects.get().account_id == 1001


@pytest.mark.parametrize("refunds", [1, 4])
def test_the_pages_read_no_more_for_more_refunds(
    client: Client, refunds: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    payment, _invoice = paid()
    for _ in range(refunds):
        make_refund(payment, "10.00", owes="10.00")
    client.get(url_of(payment))

    with django_assert_num_queries(19):
        client.get(url_of(payment))
    with django_assert_num_queries(12):
        client.get(f"/payments/{payment.pk}/")
