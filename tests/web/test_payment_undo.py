"""Undoing a payment and recording that the bank took one back."""

import pytest
from django.test import Client

from duebook.domain.permissions import Role, Source
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment, Return, Reversal
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.staff.models import User
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def undo_url(payment: Payment) -> str:
    return f"/payments/{payment.pk}/reversal/"


def return_url(payment: Payment) -> str:
    return f"/payments/{payment.pk}/return/"


def paid_by(user: User, amount: str = "40.00") -> tuple[Payment, Invoice]:
    """A payment that the user recorded today, and its invoice of 100.00."""
    invoice = make_invoice("100.00")
    by = actor(Role(user.role), user_id=user.pk)
    assert by.source is Source.WEB
    return make_payment(amount, invoice=invoice, by=by), invoice


def test_undo_shows_first_everything_that_it_will_take_back(client: Client) -> None:
    payment, invoice = paid_by(sign_in(client, Role.CLERK))
    before = everything()

    page = client.get(undo_url(payment))

    text = text_of(page)
    assert everything() == before
    assert "Balance due now 60.00 → after 100.00" in text
    assert "Customer credit debit Undeposited funds credit 40.00" in text
    assert "Receivable debit Customer credit credit 40.00" in text
    assert invoice.balance_due_minor == 10000


def test_undo_asks_why_and_then_undoes(client: Client) -> None:
    payment, invoice = paid_by(sign_in(client, Role.CLERK))
    page = client.get(undo_url(payment))

    answer = client.post(undo_url(payment), fields_of(page, reason="Entered twice"))

    invoice.refresh_from_db()
    assert answer.url == f"/payments/{payment.pk}/"
    assert Reversal.objects.get().reason == "Entered twice"
    assert invoice.balance_due_minor == 10000
    assert Event.objects.latest("id").name == "payment.reversed"
    text = text_of(client.get(answer.url))
    assert f"Payment {payment} of 40.00 is undone." in text
    assert "Entered twice" in text


@pytest.mark.parametrize("reason", ["", "   "])
def test_undo_without_a_reason_is_refused(client: Client, reason: str) -> None:
    payment, _invoice = paid_by(sign_in(client))
    page = client.get(undo_url(payment))
    before = everything()

    answer = client.post(undo_url(payment), fields_of(page, reason=reason))

    assert everything() == before
    assert answer.status_code == 422
    assert "Say why" in " ".join(answer.context["form"].errors["reason"])
    assert "Balance due now 60.00 → after 100.00" in text_of(answer)


def test_undo_sent_twice_undoes_once(client: Client) -> None:
    payment, _invoice = paid_by(sign_in(client))
    sent = fields_of(client.get(undo_url(payment)), reason="Entered twice")

    answers = [client.post(undo_url(payment), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Reversal.objects.count() == 1


def test_what_is_undone_cannot_be_undone_again(client: Client) -> None:
    payment, _invoice = paid_by(sign_in(client))
    page = client.get(undo_url(payment))
    reverse_payment(payment_id=payment.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    before = everything()

    late = client.post(undo_url(payment), fields_of(page, reason="Wrong"))
    fresh = client.get(undo_url(payment))

    assert everything() == before
    assert late.status_code == 422
    assert f"{payment} has already been undone." in text_of(late)
    assert fresh.status_code == 422
    assert f"{payment} has already been undone." in text_of(fresh)


def test_a_clerk_may_undo_only_own_payments(client: Client) -> None:
    sign_in(client, Role.CLERK)
    payment = make_payment("40.00", invoice=make_invoice())
    before = everything()

    page = client.get(undo_url(payment))
    answer = client.post(undo_url(payment), {"reason": "Wrong", "request_key": key()})

    assert everything() == before
    assert page.status_code == 403
    assert answer.status_code == 403


def test_undoing_a_payment_on_account_takes_its_credit(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    payment = make_payment("25.00", contact=acme)

    page = client.get(undo_url(payment))

    assert "25.00 of credit on account goes with it." in text_of(page)


def test_a_payment_that_does_not_exist(client: Client) -> None:
    sign_in(client)

    assert client.get("/payments/4711/reversal/").status_code == 404


def test_a_returned_check_opens_its_invoice_on_that_day(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    invoice = make_invoice("100.00", ordered_on=day(-30))
    payment = make_payment("100.00", invoice=invoice, received_on=day(-20))
    page = client.get(return_url(payment))

    answer = client.post(
        return_url(payment),
        fields_of(page, returned_on=day(-5).isoformat(), reason="Account closed", fee="12.50"),
    )

    row = Return.objects.get()
    invoice.refresh_from_db()
    assert answer.url == f"/payments/{payment.pk}/"
    assert (row.returned_on, row.reason, row.fee_minor) == (day(-5), "Account closed", 1250)
    assert invoice.balance_due_minor == 10000
    text = text_of(client.get(answer.url))
    assert "was returned by the bank" in text
    assert "Account closed" in text
    assert "bank fee 12.50" in text


def test_the_panel_of_a_return_shows_the_fee(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    page = client.get(return_url(payment))
    before = everything()

    panel = client.post(
        return_url(payment), fields_of(page, fee="12.50", reason=""), headers={"HX-Target": "preview"}
    )

    text = text_of(panel)
    assert everything() == before
    assert panel.status_code == 200
    assert "Balance due now 60.00 → after 100.00" in text
    assert "Bank fees debit Bank credit 12.50" in text


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"returned_on": day_text}, "returned_on", says)
        for day_text, says in (("2999-01-01", "is in the future"), ("2000-01-01", "when it was received"))
    ]
    + [
        ({"reason": ""}, "reason", "Say why"),
        ({"fee": "-1"}, "fee", "Enter an amount above zero"),
        ({"fee": "x"}, "fee", "Enter an amount in figures"),
        ({"returned_on": ""}, "returned_on", "Enter the day"),
    ],
)
def test_a_return_that_cannot_be(client: Client, typed: dict[str, str], field: str, says: str) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice())
    page = client.get(return_url(payment))
    before = everything()

    answer = client.post(return_url(payment), fields_of(page, **{"reason": "Bounced", **typed}))

    assert everything() == before
    assert answer.status_code == 422
    assert says in " ".join(answer.context["form"].errors[field])


def test_an_adjustment_is_never_returned(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice(), type_label="Adjustment")

    answer = client.get(return_url(payment))

    assert answer.status_code == 422
    assert "is an adjustment" in text_of(answer)


def test_a_clerk_may_not_record_returns(client: Client) -> None:
    payment, _invoice = paid_by(sign_in(client, Role.CLERK))

    assert client.get(return_url(payment)).status_code == 403
