"""Disputes on the pages: what stands there in plain words, and what can be done about it."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.protocol import OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Dispute, Payment
from duebook.reports.queries.latest_payments import latest_payments
from duebook.reports.queries.payments_of_period import payments_by_type
from tests.factories import day, key, make_payment
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


def test_an_open_dispute_stands_among_the_decisions_with_what_to_do(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    open_dispute(gateway, 4000, answer_by=datetime(2026, 12, 9, 23, 59, tzinfo=UTC))

    text = text_of(client.get("/decisions/"))

    assert "Disputed payments" in text
    assert f"{payment} 1 Jan 2026" in text
    assert "goods or services not received Acme Disputed" in text
    assert "The processor took 40.00. Its fee: 15.00." in text
    assert "Answer it on the processor's own pages until 9 Dec 2026, 23:59 UTC." in text
    assert "40.00 Ask the processor now" in text
    assert "Mark as seen" not in text


def test_whoever_refunds_a_disputed_payment_is_told_that_it_may_go_back_twice(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client, Role.MANAGER)
    payment = a_charged_payment()
    before = text_of(client.get(f"/payments/{payment.pk}/refunds/"))
    open_dispute(gateway, 4000)

    form = text_of(client.get(f"/payments/{payment.pk}/refunds/"))

    told = "The customer’s bank asks for this money back already."
    assert (told in before, told in form) == (False, True)
    assert "60.00 can still go back." in form


def test_a_lost_dispute_stays_until_it_is_marked_as_seen(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.MANAGER)
    a_charged_payment()
    open_dispute(gateway)
    dispute = decide_dispute(gateway, "lost")
    page = client.get("/decisions/")
    sent = {"request_key": f"{page.context['request_key']}-d{dispute.pk}", "state": "lost"}

    done = client.post(f"/decisions/disputes/{dispute.pk}/review/", sent, follow=True)
    again = client.post(
        f"/decisions/disputes/{dispute.pk}/review/", {**sent, "request_key": key()}, follow=True
    )

    assert "Lost The processor took 100.00." in text_of(page)
    assert "Ask the customer to pay in another way, or write the balance off." in text_of(page)
    assert "Marked as seen." in text_of(done)
    assert "Nothing needs a decision" in text_of(done)
    assert "stands otherwise by now" in text_of(again)
    assert Event.objects.filter(name="dispute.reviewed").count() == 1


def test_asking_the_processor_now_says_how_it_stands(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.MANAGER)
    a_charged_payment()
    dispute = open_dispute(gateway)
    gateway.decide_dispute(outcome="won")
    gateway.fail("fetch_dispute", OutcomeUnknown)

    silent = client.post(f"/decisions/disputes/{dispute.pk}/inquiry/", follow=True)
    answered = client.post(f"/decisions/disputes/{dispute.pk}/inquiry/", follow=True)

    assert "The card processor did not carry this out: scripted." in text_of(silent)
    assert f"D-{dispute.pk}: Won." in text_of(answered)
    assert "Nothing needs a decision" in text_of(answered)


def test_disputes_are_for_managers(client: Client, gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)
    dispute = decide_dispute(gateway, "lost")
    sign_in(client, Role.CLERK)

    assert "Mark as seen" not in text_of(client.get("/decisions/"))
    for what in ("review", "inquiry"):
        answer = client.post(
            f"/decisions/disputes/{dispute.pk}/{what}/", {"request_key": key(), "state": "lost"}
        )
        assert answer.status_code == 403
    assert not Event.objects.filter(name="dispute.reviewed").exists()


def test_what_could_not_be_booked_says_why(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    open_dispute(gateway, 6000)
    open_dispute(gateway)

    text = text_of(client.get("/decisions/"))

    assert "The processor took 100.00, of which 40.00 is booked." in text
    assert "Not all that the processor took is booked" in text
    assert "Not all that the processor took is booked" in text_of(client.get(f"/payments/{payment.pk}/"))


def test_the_payment_says_that_it_is_disputed_and_what_became_of_it(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    open_dispute(gateway, 4000)
    url = f"/payments/{payment.pk}/"

    opened = text_of(client.get(url))
    decide_dispute(gateway, "won")
    won = text_of(client.get(url))

    assert "disputed in part" in opened
    assert "Disputed · 40.00 · opened on 1 Jan 2026" in opened
    assert "goods or services not received. The processor took 40.00." in opened
    assert f"The customer's bank disputes 40.00 of {payment}. The processor took 40.00." in opened
    assert "Balance due of INV-" in opened
    assert "disputed in part" not in won
    assert "Dispute won · 40.00" in won
    assert "The money is back." in won
    assert f"The dispute of 40.00 of {payment} is won. 40.00 came back." in won


def test_the_charge_and_the_contact_tell_of_the_dispute(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    open_dispute(gateway)
    decide_dispute(gateway, "lost")

    charge = text_of(client.get(f"/charges/{Charge.objects.get().pk}/"))

    assert "The processor sent word: the customer's bank disputes it." in charge
    assert "The processor sent word: the dispute is lost." in charge
    history = text_of(client.get(f"/contacts/{payment.contact_id}/history/"))
    assert f"The dispute of 100.00 of {payment} is lost." in history


def test_the_list_finds_disputed_payments(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    other = make_payment("20.00", contact=payment.contact)
    open_dispute(gateway)

    text = text_of(client.get("/payments/?state=disputed"))

    assert str(payment) in text
    assert str(other) not in text


def test_reports_count_it_as_returned_until_it_is_won(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway, 4000)
    (opened,) = payments_by_type(day(), day())
    (latest,) = latest_payments(5)
    decide_dispute(gateway, "won")

    (won,) = payments_by_type(day(), day())

    assert (opened.returned, opened.returned_minor, opened.received_minor) == (1, 4000, 10000)
    assert (won.returned, won.returned_minor, won.received_minor) == (0, 0, 10000)
    assert (latest.is_returned, latest.is_disputed) == (False, True)


def test_the_report_shows_what_came_back(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    a_charged_payment()
    open_dispute(gateway)
    decide_dispute(gateway, "won")

    text = text_of(client.get(f"/reports/payments/rows/?first={day()}&last={day()}&what=returned"))

    assert "dispute won" in text
    assert "−100.00" in text or "-100.00" in text


def test_each_page_asks_one_query_more_for_any_number_of_disputes(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    counts = []
    for _round in range(2):
        open_dispute(gateway, 1000)
        for url in ("/decisions/", f"/payments/{payment.pk}/"):
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            counts.append(len(queries))

    assert counts[:2] == counts[2:]
    assert Dispute.objects.count() == 2
    assert Payment.objects.get().returned_minor == 2000
    assert Invoice.objects.get().balance_due_minor == 2000
