"""The page of a charge, and what other pages say while one is under way."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from duebook.domain.permissions import Role
from duebook.gateways.protocol import NothingHappened, OutcomeUnknown
from duebook.payments.models import Charge, Observation, Payment
from duebook.payments.services.ask_gateway import ask_gateway
from tests.factories import make_invoice
from tests.payments.charging import charge_invoice, charge_without_answer
from tests.payments.fake_gateway import FakeGateway
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


def show(client: Client, charge: Charge) -> Any:
    return client.get(f"/charges/{charge.pk}/")


def test_an_approved_charge_names_card_invoice_and_payment(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice("100.00")

    page = show(client, charge_invoice(invoice))

    text = text_of(page)
    payment = Payment.objects.get()
    assert "Amount $40.00 Approved The card was charged. Card Visa •••• 4242" in text
    assert "Merchant account Sandbox TEST" in text
    assert f"Payment {payment} · Receipt" in text
    assert f"Website {invoice} 40.00 60.00" in text
    assert "What the processor said The processor answered: approved." in text
    assert "hx-trigger" not in page.content.decode().partition('id="charge"')[2]
    assert "Ask the processor now" not in text


def test_an_unknown_charge_says_that_we_ask_and_updates_itself(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    charge = charge_without_answer(gateway, make_invoice("100.00"))

    page = show(client, charge)

    text, html = text_of(page), page.content.decode()
    assert "Unknown: we are asking the processor" in text
    assert (
        "The processor gave no answer, so the card may have been charged or not. Duebook asks until it knows."
        " Until then no other card can be charged for the same invoice." in text
    )
    assert "Problem: scripted" in text
    assert "The processor answered: no usable answer. scripted" in text
    assert f'hx-get="/charges/{charge.pk}/"' in html
    assert 'hx-trigger="every 3s"' in html
    assert "Ask the processor now" in text


def test_what_the_processor_says_again_and_again_stands_once(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    for _ in range(3):
        gateway.fail("fetch", OutcomeUnknown)
        Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
        ask_gateway(charge_id=charge.pk)

    text = text_of(show(client, charge))

    assert text.count("The processor was asked: no usable answer.") == 1
    assert "· 3 times The processor answered: no usable answer. scripted" in text


def test_it_shows_how_it_resolved_itself(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
    ask_gateway(charge_id=charge.pk)

    text = text_of(show(client, charge))

    said = text.partition("What the processor said")[2]
    assert "Approved The card was charged." in text
    assert said.index("The processor was asked: approved.") < said.index("no usable answer")
    assert f"Payment {Payment.objects.get()}" in text


def test_a_person_may_ask_the_processor_at_once(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    charge = charge_without_answer(gateway, make_invoice("100.00"))

    answer = client.post(f"/charges/{charge.pk}/inquiry/", follow=True)

    assert f"C-{charge.pk}: Approved." in text_of(answer)
    assert Payment.objects.count() == 1
    assert gateway.captures == {"ch_1": 1}


def test_a_viewer_asks_nobody(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.VIEWER)
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    calls = list(gateway.calls)

    answer = client.post(f"/charges/{charge.pk}/inquiry/")

    assert answer.status_code == 403
    assert gateway.calls == calls
    assert "Ask the processor now" not in text_of(show(client, charge))


def test_a_charge_that_is_being_sent_is_left_to_who_sends_it(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    charge = charge_invoice(make_invoice("100.00"), token="tok_slow")
    answered: list[Any] = []
    gateway.on_call = lambda call: answered.append(client.post(f"/charges/{charge.pk + 1}/inquiry/"))

    second = charge_invoice(make_invoice("50.00"))

    assert second.pk == charge.pk + 1
    assert {answer.status_code for answer in answered} == {302}
    assert second.state == "succeeded"
    assert gateway.calls.count("cancel") == 0


def test_the_link_to_authenticate_is_there_to_send(client: Client, gateway: FakeGateway) -> None:
    charge = charge_invoice(make_invoice("100.00"), token="tok_action")
    sign_in(client, Role.CLERK)
    clerk = show(client, charge)
    sign_in(client, Role.VIEWER)
    viewer = show(client, charge)

    assert "Needs the customer The bank wants the customer to confirm this payment." in text_of(clerk)
    assert 'value="https://bank.example/3ds"' in clerk.content.decode()
    assert "https://bank.example/3ds" not in viewer.content.decode()


def test_whatever_can_be_clicked_keeps_the_focus_when_the_page_is_drawn_anew(
    client: Client, gateway: FakeGateway
) -> None:
    """htmx gives the focus back to what has an id."""
    sign_in(client, Role.CLERK)
    charge = charge_invoice(make_invoice("100.00"), token="tok_action")

    followed = show(client, charge).content.decode().partition('id="charge"')[2]

    assert 'hx-trigger="every 3s"' in followed
    acts = re.findall(r'<(?:button|input)(?![^>]*type="hidden")[^>]*>', followed)
    assert [re.findall(r' id="([^"]+)"', act) for act in acts] == [
        ["action-url"],
        ["send-link"],
        ["ask-now"],
        ["give-up"],
    ]


def test_a_charge_that_waits_for_its_customer_may_be_cancelled(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    charge = charge_invoice(make_invoice("100.00"), token="tok_action")
    url = f"/charges/{charge.pk}/cancellation/"

    page = show(client, charge)
    done = client.post(url, follow=True)
    again = client.post(url, follow=True)

    assert "Cancel Charge" in text_of(page)
    assert f"C-{charge.pk}: Not carried out." in text_of(done)
    assert f"{charge} does not wait for the customer any more." in text_of(again)
    assert "Cancel Charge" not in text_of(done)
    assert gateway.captures == {}


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("tok_no_funds", "Declined The bank declined this card: not enough money is on it."),
        (
            "tok_stolen",
            "Declined The bank declined this card. Ask for another card. Nothing was charged. Card Visa",
        ),
        ("tok_slow", "In progress The processor is working on it and will say what became of it."),
    ],
)
def test_each_outcome_has_its_words(client: Client, gateway: FakeGateway, token: str, words: str) -> None:
    sign_in(client)

    assert words in text_of(show(client, charge_invoice(make_invoice("100.00"), token=token)))


def test_one_that_was_not_carried_out_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    gateway.fail("create", NothingHappened)

    text = text_of(show(client, charge_invoice(make_invoice("100.00"))))

    assert "Not carried out The processor did not carry it out. No card was charged." in text


def test_a_charge_that_does_not_exist_is_not_found(client: Client) -> None:
    sign_in(client)

    assert client.get("/charges/4711/").status_code == 404
    assert client.post("/charges/4711/inquiry/").status_code == 404


def test_the_order_tab_and_the_order_say_that_a_charge_is_under_way(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    charge = charge_without_answer(gateway, invoice)
    pages = (f"/contacts/{invoice.contact_id}/orders/", f"/orders/{invoice.order_id}/")
    link = f'<a class="chip chip-late" href="/charges/{charge.pk}/">charge under way</a>'

    during = [client.get(page).content.decode() for page in pages]
    client.post(f"/charges/{charge.pk}/inquiry/")
    after = [client.get(page).content.decode() for page in pages]

    assert all(link in page for page in during)
    assert not any("charge under way" in page for page in after)


def test_the_history_tells_of_every_attempt(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    declined = charge_invoice(invoice, token="tok_no_funds")
    gateway.fail("create", NothingHappened)
    failed = charge_invoice(invoice, token="tok_other")

    answer = client.get(f"/contacts/{invoice.contact_id}/history/")

    text = text_of(answer)
    assert answer.content.decode().count(f'<a href="/charges/{declined.pk}/">Charge</a>') == 2
    assert f"Charge {declined} of 40.00 to Visa •••• 4242 begun." in text
    assert f"Charge {declined} of 40.00 declined. The bank declined this card: not enough money" in text
    assert f"Charge {failed} of 40.00 was not carried out. No card was charged." in text
    assert Observation.objects.count() == 2
