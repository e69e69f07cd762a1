"""Money needing a decision: what stands there, what can be done about it, and what it costs to count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount, WebhookMessage, WebhookResolution
from duebook.gateways.protocol import NothingHappened, OutcomeUnknown
from duebook.payments.models import Charge, Payment, Refund, Settlement, SettlementReturn
from duebook.payments.services.ask_gateway import ask_gateway
from duebook.payments.to_decide import (
    charged_credit,
    count_to_decide,
    disputed_charges,
    disputes_to_see,
    failed_messages,
    gateway_refunds_that_came_back,
    open_charges_to_decide,
    open_refunds_to_decide,
    refund_requests_to_decide,
    refused_refunds,
    settlement_returns_to_see,
)
from duebook.web.views import decisions
from tests.factories import key, make_invoice, make_payment
from tests.past_the_guards import past_the_guards
from tests.payments.charging import a_charged_payment, charge_invoice, charge_without_answer
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.refunding import refund
from tests.payments.settling import a_charge, fetch, line_of
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db

CLEAN = (
    "Nothing needs a decision: every charge is settled, and every message of the processors is dealt with."
)


def make_message(state: str = "failed", **fields: Any) -> WebhookMessage:
    return WebhookMessage.objects.create(
        **{
            "merchant_account": MerchantAccount.objects.first() or make_merchant_account(),
            "event_id": key(),
            "kind": "charge.refunded",
            "object_kind": "refund",
            "object_id": "re_1",
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "state": state,
            "problem": "It is not booked by itself.",
            **fields,
        }
    )


def make_credit(gateway: FakeGateway) -> Payment:
    """A charge for an invoice that was paid otherwise while the outcome was unknown."""
    invoice = make_invoice("100.00")
    charge = charge_without_answer(gateway, invoice)
    make_payment("90.00", invoice=invoice)
    Charge.objects.filter(pk=charge.pk).update(ask_at=timezone.now())
    ask_gateway(charge_id=charge.pk)
    return Payment.objects.get(charge_id=charge.pk)


def nav(page: Any) -> str:
    html = page.content.decode().partition('<nav class="mainnav"')[2]
    return " ".join(html.partition("Money needing a decision")[2].partition("</a>")[0].split())


def test_empty_means_clean_and_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    charge_invoice(make_invoice("100.00"))
    make_message("processed")

    page = client.get("/decisions/")

    assert CLEAN in text_of(page)
    assert nav(page) == ""


def test_a_charge_without_an_outcome_stands_there_with_its_action(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client, Role.CLERK)
    charge = charge_without_answer(gateway, make_invoice("100.00"))

    page = client.get("/decisions/")
    client.post(f"/charges/{charge.pk}/inquiry/")

    text = text_of(page)
    assert f"{charge} Visa •••• 4242" in text
    assert "Acme Unknown: we are asking the processor scripted 40.00 Ask the processor now" in text
    assert CLEAN not in text
    assert nav(page) == '<span class="chip chip-late">1</span>'
    assert 'E-Commerce <span class="chip chip-late" aria-hidden="true">1</span>' in page.content.decode()
    assert CLEAN in text_of(client.get("/decisions/"))


def test_a_charge_counts_when_it_waits_long_or_nobody_asks_any_more(gateway: FakeGateway) -> None:
    slow = charge_invoice(make_invoice("100.00"), token="tok_slow")
    fresh = count_to_decide()
    Charge.objects.filter(pk=slow.pk).update(ask_at=None)
    nobody = count_to_decide()
    Charge.objects.filter(pk=slow.pk).update(ask_at=timezone.now() + timedelta(days=1))

    assert (fresh, nobody, count_to_decide()) == (0, 1, 0)


def test_a_charge_that_waits_for_a_quarter_of_an_hour_counts(gateway: FakeGateway) -> None:
    charge_invoice(make_invoice("100.00"), token="tok_slow")

    counts = []
    for minutes in (14, 16):
        with past_the_guards():
            Charge.objects.update(prepared_at=timezone.now() - timedelta(minutes=minutes))
        counts.append(count_to_decide())

    assert counts == [0, 1]


def test_an_ended_charge_of_which_the_gateway_says_something_else_stays_until_it_agrees(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    charge = charge_invoice(make_invoice("100.00"))
    Charge.objects.filter(pk=charge.pk).update(problem="The processor took $30.00 of $40.00.")

    text = text_of(client.get("/decisions/"))
    gateway.fail("fetch", NothingHappened)
    client.post(f"/charges/{charge.pk}/inquiry/")
    unanswered = count_to_decide()
    client.post(f"/charges/{charge.pk}/inquiry/")

    assert "Charges of which the processor says something else" in text
    assert "Approved The processor took $30.00 of $40.00. 40.00" in text
    assert (unanswered, count_to_decide()) == (1, 0)
    assert Payment.objects.count() == 1


def test_a_refund_without_an_outcome_stands_there_with_its_action(
    client: Client, gateway: FakeGateway
) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00")
    sign_in(client)

    page = client.get("/decisions/")
    assert "Refunds without an outcome" in text_of(page)
    assert f"{payment} Visa •••• 4242" in text_of(page)
    assert ">1<" in nav(page)
    answer = client.post(f"/decisions/refunds/{attempt.pk}/inquiry/", follow=True)

    assert f"R-{attempt.pk}: Given back." in text_of(answer)
    assert CLEAN in text_of(answer)
    assert Refund.objects.get().amount_minor == 4000


def test_a_clerk_asks_about_no_refund(client: Client, gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown)
    attempt = refund(payment, "40.00")
    sign_in(client, Role.CLERK)

    assert "Ask the processor now" not in text_of(client.get("/decisions/"))
    assert client.post(f"/decisions/refunds/{attempt.pk}/inquiry/").status_code == 403


def test_credit_from_a_charge_leads_to_its_payment(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = make_credit(gateway)
    make_payment("5.00", contact=payment.contact)

    page = client.get("/decisions/")

    text = text_of(page)
    assert "Charged more than the invoice still took" in text
    assert f"{payment} Acme" in text
    assert "30.00 Apply Credit Refund" in text
    assert f'href="/payments/{payment.pk}/refunds/"' in page.content.decode()
    assert f'href="/contacts/{payment.contact_id}/credit/?currency=USD"' in page.content.decode()
    assert nav(page) == '<span class="chip chip-late">1</span>'


def test_a_failed_message_is_processed_again(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    message = make_message(tries=8)
    page = client.get("/decisions/")
    sent = {"request_key": f"{page.context['request_key']}-{message.pk}"}

    answer = client.post(f"/decisions/messages/{message.pk}/retry/", sent, follow=True)
    client.post(f"/decisions/messages/{message.pk}/retry/", sent)

    assert "Refund Sandbox TEST · charge.refunded re_1" in text_of(page)
    assert "It is not booked by itself. Process again Mark as dealt with" in text_of(page)
    assert "The message is being processed again." in text_of(answer)
    message.refresh_from_db()
    assert (message.state, message.tries) == ("waiting", 0)
    assert ProcrastinateJob.objects.get(task_name="process_webhook").args == {"message_id": message.pk}
    assert Event.objects.get(name="webhook.retried").payload["problem"] == "It is not booked by itself."


def test_the_page_says_when_it_shows_a_part_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "MOST", 2)
    sign_in(client)
    told = []

    for _ in range(3):
        make_message()
        page = client.get("/decisions/")
        told.append((len(page.context["not_booked"]), "the oldest 2 are shown" in text_of(page)))

    assert told == [(1, False), (2, False), (2, True)]


def test_a_failed_message_is_marked_as_dealt_with_by_name(client: Client) -> None:
    mia = sign_in(client, Role.MANAGER)
    message = make_message()
    url = f"/decisions/messages/{message.pk}/resolution/"
    page = client.get(url)

    unsaid = client.post(url, fields_of(page, note=" "))
    sent = fields_of(page, note="Recorded as a return of P-12.")
    done = client.post(url, sent, follow=True)
    again = client.post(url, fields_of(page, note="Something else", request_key=key()))

    assert "Say what was done." in text_of(unsaid)
    assert "Marked as dealt with." in text_of(done)
    assert CLEAN in text_of(done)
    assert again.status_code == 409
    resolution = WebhookResolution.objects.get()
    assert (resolution.note, resolution.resolved_by_id) == ("Recorded as a return of P-12.", mia.pk)
    assert Event.objects.filter(name="webhook.resolved").count() == 1


@pytest.mark.parametrize("role", [Role.CLERK, Role.VIEWER])
def test_messages_are_for_managers(client: Client, role: Role) -> None:
    sign_in(client, role)
    message = make_message()

    page = client.get("/decisions/")
    answers = [
        client.post(f"/decisions/messages/{message.pk}/{what}/", {"request_key": key(), "note": "x"})
        for what in ("retry", "resolution")
    ]

    assert "Mark as dealt with" not in text_of(page)
    assert [answer.status_code for answer in answers] == [403, 403]
    message.refresh_from_db()
    assert message.state == "failed"
    assert not Event.objects.filter(name__startswith="webhook").exists()


def test_those_who_charge_no_cards_have_no_entry_in_the_navigation(client: Client) -> None:
    sign_in(client, Role.VIEWER)

    assert "Money needing a decision" not in client.get("/contacts/").content.decode()


def test_counting_is_one_statement(client: Client, gateway: FakeGateway) -> None:
    charge_without_answer(gateway, make_invoice("100.00"))
    make_message()

    with CaptureQueriesContext(connection) as queries:
        count = count_to_decide()

    assert (count, len(queries)) == (2, 1)


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (open_charges_to_decide, "charge_open"),
        (disputed_charges, "charge_disputed"),
        (disputes_to_see, "dispute_to_see"),
        (open_refunds_to_decide, "gatewayrefund_one_open_a_payment"),
        (refused_refunds, "gatewayrefund_refused"),
        (gateway_refunds_that_came_back, "gatewayrefund_came_back"),
        (refund_requests_to_decide, "refundrequest_one_waiting"),
        (charged_credit, "payment_with_credit"),
        (settlement_returns_to_see, "settlementreturn_to_see"),
        (failed_messages, "webhookmessage_to_do"),
    ],
)
def test_each_part_is_found_by_an_index(rows: Any, index: str) -> None:
    found = rows()
    with connection.cursor() as cursor:
        # Once the table was analysed while it was empty, every index of it costs the same.
        cursor.execute("SELECT pg_clear_relation_stats('public', %s)", [found.model._meta.db_table])
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert index in found.explain()


def test_the_page_asks_one_query_a_part(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    counts = []
    for _round in range(2):
        charge_without_answer(gateway, make_invoice("100.00"))
        with CaptureQueriesContext(connection) as queries:
            client.get("/decisions/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15


def make_returned_settlement(gateway: FakeGateway) -> Settlement:
    """A settlement that the bank sent back."""
    gateway.pay_out(line_of(a_charge("100.00")))
    gateway.send_back()
    fetch()
    return Settlement.objects.get()


def test_a_settlement_that_the_bank_sent_back_stands_there_until_it_is_seen(
    client: Client, gateway: FakeGateway
) -> None:
    settlement = make_returned_settlement(gateway)
    sign_in(client, Role.MANAGER)

    page = client.get("/decisions/")
    text = text_of(page)
    review = f"/decisions/settlements/{SettlementReturn.objects.get().pk}/review/"
    seen = text_of(client.post(review, {"request_key": key()}, follow=True))

    assert "Settlements that the bank sent back" in text
    assert f"{settlement} st_1" in text
    assert "The account is closed. 100.00 Mark as seen" in text
    assert review in page.content.decode()
    assert "Marked as seen." in seen
    assert CLEAN in seen


def test_a_clerk_sees_that_a_settlement_came_back_and_marks_nothing(
    client: Client, gateway: FakeGateway
) -> None:
    make_returned_settlement(gateway)
    sign_in(client, Role.CLERK)

    page = text_of(client.get("/decisions/"))
    review = f"/decisions/settlements/{SettlementReturn.objects.get().pk}/review/"

    assert "Settlements that the bank sent back" in page
    assert "Mark as seen" not in page
    assert client.post(review, {"request_key": key()}).status_code == 403
    assert count_to_decide() == 1
