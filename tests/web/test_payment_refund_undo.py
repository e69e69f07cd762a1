"""Undoing a refund by hand: from the payment's page, with all that it takes back before one's eyes."""

import pytest
from django.test import Client

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Payment, Refund, RefundReversal
from duebook.payments.services.reverse_refund import reverse_refund
from tests.factories import SYSTEM, day, key, make_invoice, make_payment, make_refund
from tests.payments.charging import a_charged_payment
from tests.payments.coming_back import come_back
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import a_refund
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def refunded(amount: str = "40.00", **wanted: str) -> Refund:
    """A refund of a payment of 100.00 that had paid its invoice."""
    payment = make_payment("100.00", invoice=make_invoice("100.00"))
    make_refund(payment, amount, **wanted)
    return Refund.objects.latest("id")


def url_of(refund: Refund) -> str:
    return f"/refunds/{refund.pk}/reversal/"


def test_the_payments_page_offers_it_and_shows_first_what_it_takes_back(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    refund = refunded("40.00", owes="15.00")
    adjustment = Payment.objects.latest("id")
    before = everything()

    page = client.get(f"/payments/{refund.payment_id}/")
    asked = client.get(url_of(refund))

    assert url_of(refund) in page.content.decode()
    text = text_of(asked)
    assert everything() == before
    assert f"Undo a refund of {refund.payment}" in text
    assert "Balance due now 15.00 → after 0.00" in text
    assert "Bank debit Customer credit credit 40.00" in text
    assert f"{adjustment} of 25.00, which the refund made, is undone too." in text
    assert "100.00 of" in text


def test_it_asks_why_and_then_undoes(client: Client) -> None:
    sign_in(client)
    refund = refunded("40.00", owes="15.00")
    page = client.get(url_of(refund))

    answer = client.post(url_of(refund), fields_of(page, reason="Wrong customer"))

    assert answer.url == f"/payments/{refund.payment_id}/"
    assert RefundReversal.objects.get().reason == "Wrong customer"
    assert Invoice.objects.get().balance_due_minor == 0
    assert Event.objects.latest("id").name == "refund.reversed"
    shown = client.get(answer.url)
    text = text_of(shown)
    assert f"The refund of 40.00 of {refund.payment} is undone." in text
    assert "Wrong customer" in text
    assert f"Refund of 40.00 of {refund.payment} undone, applied to {Invoice.objects.get()} again." in text
    assert url_of(refund) not in shown.content.decode()


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_it_is_refused(client: Client, reason: str) -> None:
    sign_in(client)
    refund = refunded()
    page = client.get(url_of(refund))
    before = everything()

    answer = client.post(url_of(refund), fields_of(page, reason=reason))

    assert everything() == before
    assert answer.status_code == 422
    assert "Say why" in " ".join(answer.context["form"].errors["reason"])


def test_sent_twice_it_undoes_once(client: Client) -> None:
    sign_in(client)
    refund = refunded()
    sent = fields_of(client.get(url_of(refund)), reason="Wrong customer")

    answers = [client.post(url_of(refund), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert RefundReversal.objects.count() == 1


def test_what_is_undone_cannot_be_undone_again(client: Client) -> None:
    sign_in(client)
    refund = refunded()
    page = client.get(url_of(refund))
    reverse_refund(refund_id=refund.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    before = everything()

    late = client.post(url_of(refund), fields_of(page, reason="Wrong"))
    fresh = client.get(url_of(refund))

    assert everything() == before
    assert (late.status_code, fresh.status_code) == (422, 422)
    assert f"This refund of {refund.payment} has already been undone." in text_of(late)


def test_a_balance_that_was_paid_otherwise_stands_in_the_way(client: Client) -> None:
    sign_in(client)
    refund = refunded("40.00", owes="40.00")
    page = client.get(url_of(refund))
    invoice = Invoice.objects.get()
    make_payment("30.00", invoice=invoice)
    before = everything()

    answer = client.post(url_of(refund), fields_of(page, reason="Wrong customer"))

    assert everything() == before
    assert answer.status_code == 422
    assert f"The refund took 40.00 off {invoice}, and only 10.00 can be applied to it again" in text_of(
        answer
    )


def test_who_may_not_undo_it_is_not_offered_it(client: Client) -> None:
    sign_in(client, Role.CLERK)
    refund = refunded()
    before = everything()

    page = client.get(f"/payments/{refund.payment_id}/")
    asked = client.get(url_of(refund))
    answer = client.post(url_of(refund), {"reason": "Wrong", "request_key": key()})

    assert everything() == before
    assert url_of(refund) not in page.content.decode()
    assert (asked.status_code, answer.status_code) == (403, 403)


def test_a_refund_to_the_card_is_not_offered_and_says_why(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    page = client.get(f"/payments/{payment.pk}/refunds/")
    client.post(f"/payments/{payment.pk}/refunds/", fields_of(page, reason="Not satisfied", owes="all"))
    refund = Refund.objects.get()

    shown = client.get(f"/payments/{payment.pk}/")
    asked = client.get(url_of(refund))

    assert refund.means == "gateway"
    assert url_of(refund) not in shown.content.decode()
    assert asked.status_code == 422
    assert "The card processor gave this money" in text_of(asked)


def test_one_that_came_back_is_booked_back_from_the_decisions_and_from_the_payment(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    page = client.get(f"/payments/{payment.pk}/refunds/")
    client.post(f"/payments/{payment.pk}/refunds/", fields_of(page, reason="Not satisfied", owes="all"))
    refund = Refund.objects.get()
    come_back(gateway)

    listed, shown, asked = (
        client.get(url) for url in ("/decisions/", f"/payments/{payment.pk}/", url_of(refund))
    )
    answer = client.post(url_of(refund), fields_of(asked, reason="Account closed"))

    for one in (listed, shown):
        assert url_of(refund) in one.content.decode()
        assert "The money came back: book it back" in text_of(one)
    assert "Refunds that came back" in text_of(listed)
    assert "account closed" in text_of(shown)
    assert f"A refund of {payment} came back" in text_of(asked)
    assert "The money came back: book it back" in text_of(asked)
    assert answer.url == f"/payments/{payment.pk}/"
    after = client.get(answer.url)
    assert f"The refund of 100.00 of {payment} is booked back." in text_of(after)
    assert "came back and was booked back" in text_of(after)
    assert url_of(refund) not in after.content.decode()
    assert "Nothing needs a decision" in text_of(client.get("/decisions/"))


def test_a_clerk_sees_that_it_came_back_and_books_nothing(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    a_refund(Charge.objects.get(pk=a_charged_payment().charge_id), "40.00")
    come_back(gateway)
    refund = Refund.objects.get()
    before = everything()

    listed = client.get("/decisions/")
    answer = client.post(url_of(refund), {"reason": "Account closed", "request_key": key()})

    assert "Refunds that came back" in text_of(listed)
    assert url_of(refund) not in listed.content.decode()
    assert answer.status_code == 403
    assert everything() == before


def test_a_refund_that_does_not_exist(client: Client) -> None:
    sign_in(client)

    assert client.get("/refunds/4711/reversal/").status_code == 404
