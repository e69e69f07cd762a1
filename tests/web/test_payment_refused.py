"""What the form refuses: the field, the words, the status; nothing is written and nothing typed is lost."""

import re
from typing import Any

import pytest
from django.test import Client

from duebook.domain.permissions import Right, Role
from duebook.ledger.services.close_books import close_books
from duebook.payments.models import Payment, PaymentType
from duebook.sales.services.void_invoice import void_invoice
from duebook.staff.models import RoleLimit
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment, payment_type
from tests.snapshot import everything
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import open_form, send

pytestmark = pytest.mark.django_db


def assert_refused(
    client: Client, page: Any, *, field: str, says: str, status: int = 422, **typed: Any
) -> Any:
    """Nothing changes, the words stand beside the field, everything typed is still there."""
    before = everything()

    answer = send(client, page, **{"notes": "Brought by hand", **typed})

    assert everything() == before
    form = answer.context["form"]
    assert answer.status_code == status
    errors = form.non_field_errors() if field == "" else form.errors.get(field, [])
    assert says in " ".join(errors), dict(form.errors)
    assert form["notes"].value() == "Brought by hand"
    for name, value in typed.items():
        if name in form.fields:
            assert str(form[name].value()) == str(value)
    return answer


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("", "Enter an amount."),
        ("0", "Enter an amount above zero"),
        ("-5", "Enter an amount above zero"),
        ("ten", "Enter an amount in figures"),
        ("10.505", "This currency has 2 decimals"),
        ("99999999999999999", "larger than Duebook can keep"),
        ("100.01", "The balance due is 100.00. Lower the amount, or say"),
    ],
)
def test_an_amount_that_cannot_be(client: Client, amount: str, says: str) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")

    assert_refused(client, open_form(client, invoice.contact_id), field="amount", says=says, amount=amount)


def test_a_currency_without_decimals(client: Client) -> None:
    sign_in(client)
    yen = make_invoice("5000", currency="JPY")

    page = open_form(client, yen.contact_id)

    assert_refused(client, page, field="amount", says="This currency has 0 decimals", amount="10.5")


def test_a_future_date(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)

    tomorrow = day(1).isoformat()

    assert_refused(client, page, field="received_on", says="is in the future", received_on=tomorrow)


@pytest.mark.parametrize(("typed", "says"), [("", "Enter the day"), ("31/31/2026", "Enter a day, such as")])
def test_a_date_that_is_none(client: Client, typed: str, says: str) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)

    assert_refused(client, page, field="received_on", says=says, received_on=typed)


def test_a_date_in_a_closed_period(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice(ordered_on=day(-30))
    close_books(closed_until=day(-10), reason="Year end", request_key=key(), actor=SYSTEM, on=day())
    page = open_form(client, invoice.contact_id)

    says = "The books are closed until"

    assert_refused(client, page, field="received_on", says=says, received_on=day(-10).isoformat())


@pytest.mark.parametrize("typed", ["", "abc", "²", "9" * 30])
def test_no_invoice_chosen(client: Client, typed: str) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)

    assert_refused(client, page, field="invoice", says="Choose an invoice.", invoice=typed)


def test_an_invoice_that_does_not_exist(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)

    assert_refused(client, page, field="invoice", says="was not found", invoice="4711", prefilled="4711")


def test_an_invoice_of_another_contact(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)
    other = make_invoice(contact=make_contact("Other"))

    says = "belongs to another contact"

    assert_refused(client, page, field="invoice", says=says, invoice=str(other.pk))


def test_an_invoice_that_became_void(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice()
    page = open_form(client, invoice.contact_id)
    void_invoice(invoice_id=invoice.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())

    assert_refused(client, page, field="invoice", says=f"{invoice} is void")


def test_an_invoice_that_someone_else_paid_meanwhile(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    invoice, other = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    page = open_form(client, acme.pk, f"invoice={invoice.pk}")
    make_payment("100.00", invoice=invoice)

    says = f"{invoice} has been paid meanwhile"
    answer = assert_refused(client, page, field="invoice", says=says, status=409, reference="4471")

    offered = [label for value, label in answer.context["form"].fields["invoice"].choices if value]
    assert len(offered) == 1
    assert str(other) in offered[0]


def test_the_only_invoice_paid_meanwhile_leads_to_a_payment_on_account(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)
    make_payment("100.00", invoice=invoice)

    says = f"{invoice} has been paid meanwhile"
    answer = assert_refused(client, page, field="invoice", says=says, status=409, amount="100.00")

    assert "Nothing is due any more · payment on account" in text_of(answer)


def test_a_balance_that_changed_meanwhile_comes_back_with_the_new_one(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)
    make_payment("30.00", invoice=invoice)

    says = f"The balance due of {invoice} is now 70.00"
    answer = assert_refused(client, page, field="amount", says=says, status=409, amount="100.00")

    assert "Balance due 70.00" in text_of(answer)
    again = send(client, answer, amount="70.00")
    assert again.status_code == 302
    assert Payment.objects.filter(amount_minor=7000).count() == 1


def test_a_changed_balance_that_the_amount_still_fits_is_no_obstacle(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)
    make_payment("30.00", invoice=invoice)

    answer = send(client, page, amount="20.00")

    assert answer.status_code == 302


def test_a_type_no_longer_in_use(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)
    PaymentType.objects.filter(label="Check").update(active=False)

    assert_refused(client, page, field="payment_type", says="Check is no longer in use")


def test_charging_a_card_without_a_merchant_account(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)
    charge_now = payment_type("Credit Card (charge now)").pk

    says = "there is no merchant account"

    assert_refused(client, page, field="payment_type", says=says, payment_type=charge_now)


def test_an_adjustment_by_a_clerk(client: Client) -> None:
    sign_in(client, Role.CLERK)
    page = open_form(client, make_invoice().contact_id)
    write_off = payment_type("Write-off").pk

    says = "Your role does not allow this"

    assert_refused(client, page, field="payment_type", says=says, payment_type=write_off)


def test_an_adjustment_above_the_balance_may_not_leave_credit(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice("100.00").contact_id)
    adjustment = payment_type("Adjustment").pk

    says = "Adjustment can be at most the balance due of 100.00"

    assert_refused(
        client, page, field="amount", says=says, payment_type=adjustment, amount="120", surplus="keep"
    )


def test_an_adjustment_without_an_invoice(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_contact().pk, "account")
    adjustment = payment_type("Adjustment").pk

    says = "brings no money: choose the invoice"

    assert_refused(client, page, field="", says=says, payment_type=adjustment, amount="20")


def test_an_amount_above_the_limit_of_the_role(client: Client) -> None:
    sign_in(client, Role.CLERK)
    RoleLimit.objects.create(
        role=Role.CLERK.value, right=Right.RECORD_PAYMENTS.value, currency="USD", amount_minor=5000
    )
    page = open_form(client, make_invoice("100.00").contact_id)

    assert_refused(client, page, field="amount", says="100.00 is above your limit of 50.00")


def test_a_role_without_the_right_is_refused_the_form_and_the_act(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice()
    before = everything()

    answer = client.post(f"/contacts/{invoice.contact_id}/payments/new/", {"amount": "10"})

    assert answer.status_code == 403
    assert everything() == before


def test_the_same_form_with_other_values_asks_to_save_again(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)
    send(client, page, amount="10.00")
    payment = Payment.objects.get()

    says = f"{payment} was already recorded from this form"
    answer = assert_refused(client, page, field="", says=says, status=409, amount="20.00")
    again = send(client, answer)

    assert answer.context["form"]["request_key"].value() != page.context["form"]["request_key"].value()
    assert again.status_code == 302
    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [1000, 2000]


def test_an_equal_payment_of_the_last_day_raises_a_question(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_payment("10.00", invoice=invoice)
    page = open_form(client, invoice.contact_id)
    before = everything()

    answer = send(client, page, amount="10.00", notes="A second one")

    assert everything() == before
    assert answer.status_code == 409
    question = r"P-\d+ of 10\.00 was recorded \d+ \w+ \d{4}, \d\d:\d\d with the same contact, type and date\."
    assert re.search(question, text_of(answer))
    assert "Record another one" in text_of(answer)
    assert answer.context["form"]["notes"].value() == "A second one"
    assert 'name="duplicates" value="allow"' in " ".join(answer.content.decode().split())
    confirmed = send(client, answer, duplicates="allow")
    assert confirmed.status_code == 302
    assert Payment.objects.filter(amount_minor=1000).count() == 2


def test_two_open_tabs_fall_to_the_question(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    first, second = open_form(client, invoice.contact_id), open_form(client, invoice.contact_id)

    recorded = send(client, first, amount="10.00")
    asked = send(client, second, amount="10.00")

    assert recorded.status_code == 302
    assert asked.status_code == 409
    assert Payment.objects.count() == 1


def test_a_form_without_its_key_is_refused(client: Client) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)
    before = everything()

    answer = send(client, page, request_key="")

    assert answer.status_code == 422
    assert "The form did not arrive whole. Reload the page." in text_of(answer)
    assert everything() == before


@pytest.mark.parametrize("typed", ["", "perhaps"])
def test_neither_yes_nor_no(client: Client, typed: str) -> None:
    sign_in(client)
    page = open_form(client, make_invoice().contact_id)
    before = everything()

    answer = send(client, page, apply_to_commissions=typed)

    assert answer.status_code == 422
    assert everything() == before


def test_without_javascript_another_invoice_gets_its_own_balance(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)
    page = open_form(client, acme.pk, f"invoice={first.pk}")
    before = everything()

    answer = send(client, page, invoice=second.pk)

    assert everything() == before
    assert answer.status_code == 422
    assert answer.context["form"]["amount"].value() == "40.00"
    assert f"The amount is now the balance due of {second}" in text_of(answer)
    assert send(client, answer).status_code == 302
    assert Payment.objects.get().amount_minor == 4000


def test_without_javascript_an_amount_that_was_typed_stays(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("40.00", contact=acme)
    page = open_form(client, acme.pk, f"invoice={first.pk}")

    answer = send(client, page, invoice=second.pk, amount="15.00")

    assert answer.status_code == 302
    assert Payment.objects.get().amount_minor == 1500
