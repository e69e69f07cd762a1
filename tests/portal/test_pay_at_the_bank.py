"""A customer pays by a link, and the bank wants a confirmation."""

import re

import pytest
from django.test import Client

from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Charge, Payment
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.payments.calling_off import the_janitor_takes_a_turn
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import offer_to_pay
from tests.portal.paying import begin, come_back, offered_url, url_of
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def test_a_bank_that_wants_a_confirmation_gets_the_customer_and_sends_them_back(
    client: Client, gateway: FakeGateway
) -> None:
    address = begin(client, offered_url())
    gateway.type_card(token="tok_action")

    page = come_back(client, gateway, "seti_1")

    assert "Confirm at your bank" in text_of(page)
    assert page.headers["Refresh"] == "0; url=https://bank.example/3ds"
    # Opened again it does not send away someone who has just come back.
    assert "Refresh" not in client.get(address).headers
    gateway.succeed("ch_1")
    assert "Thank you" in text_of(come_back(client, gateway, "seti_1"))


def at_the_bank(client: Client, gateway: FakeGateway, url: str, amount: str = "100.00") -> str:
    """The address of a payment that its customer is to confirm."""
    address = begin(client, url, amount)
    gateway.type_card(token="tok_action")
    come_back(client, gateway, "seti_1")
    return address


def test_a_confirmation_given_elsewhere_is_seen_at_once(client: Client, gateway: FakeGateway) -> None:
    address = at_the_bank(client, gateway, offered_url())
    shown = client.get(address).content.decode()
    way_on = re.search(r'href="http://testserver([^"]+)">I have confirmed it', shown)
    assert way_on is not None
    gateway.succeed("ch_1")

    assert "Thank you" in text_of(client.get(way_on[1], follow=True))


def test_the_link_leads_back_to_a_bank_that_waits(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = make_invoice("60.00", contact=acme, ordered_on=day(-40))
    url = offered_url(first, make_invoice("40.00", contact=acme))
    address = at_the_bank(client, gateway, url, "60.00")

    beside_others = client.get(url)
    whole = client.get(url_of(offer_to_pay(first).token))

    assert "Look at the payment that is under way" in text_of(beside_others)
    assert f'href="{address}"' in beside_others.content.decode()
    # Another link does not lead there.
    assert "A payment is under way" in text_of(whole)
    assert address not in whole.content.decode()


def test_who_cannot_confirm_cancels_the_charge_and_pays_with_another_card(
    client: Client, gateway: FakeGateway
) -> None:
    url = offered_url()
    address = at_the_bank(client, gateway, url, "40.00")
    told = text_of(client.get(url))
    assert "Your bank wants you to confirm it. Nothing is charged before you do." in told
    cancel = f'action="{address}cancellation/"'
    assert cancel in client.get(address).content.decode()

    page = client.post(f"{address}cancellation/", follow=True)

    assert page.redirect_chain == [(f"{url}?again=1", 302)]
    assert 'value="40.00"' in page.content.decode()
    assert Charge.objects.get().state == "not_performed"
    begin(client, url, "40.00")
    gateway.type_card("seti_2", "tok_ok")
    assert "Thank you" in text_of(come_back(client, gateway, "seti_2"))
    assert gateway.taken_minor() == 4_000


def test_who_cancels_after_confirming_has_paid(client: Client, gateway: FakeGateway) -> None:
    address = at_the_bank(client, gateway, offered_url())
    gateway.succeed("ch_1")

    page = client.post(f"{address}cancellation/", follow=True)

    assert "Thank you" in text_of(page)
    assert Payment.objects.get().amount_minor == 10_000


def test_what_is_settled_otherwise_needs_no_confirmation_any_more(
    client: Client, gateway: FakeGateway
) -> None:
    invoice = make_invoice("100.00")
    url = offered_url(invoice)
    address = at_the_bank(client, gateway, url)
    make_payment("100.00", invoice=invoice)

    page, link_page = client.get(address), client.get(url)

    assert "You need not confirm the payment of $100.00 at your bank any more" in text_of(page)
    assert "bank.example" not in page.content.decode()
    assert page.headers["Refresh"] == "10"
    assert "Everything is paid" in text_of(link_page)
    assert "is being called off. You need not confirm it at your bank." in text_of(link_page)

    the_janitor_takes_a_turn()

    told = text_of(client.get(address))
    assert "Nothing was charged" in told
    assert "settled in another way meanwhile, all or a part of it. Your card was not charged." in told
    assert "See what is due" in told
    assert "called off" not in text_of(client.get(url))
    assert gateway.taken_minor() == 0


def test_a_part_settled_otherwise_frees_the_rest_for_another_card(
    client: Client, gateway: FakeGateway
) -> None:
    invoice = make_invoice("100.00")
    url = offered_url(invoice)
    at_the_bank(client, gateway, url)
    make_payment("30.00", invoice=invoice)

    told = text_of(client.get(url))
    the_janitor_takes_a_turn()

    assert "What is due has changed meanwhile, so the payment that you began is being called off." in told
    begin(client, url, "70.00")
    gateway.type_card("seti_2", "tok_ok")
    assert "Thank you" in text_of(come_back(client, gateway, "seti_2"))
    assert gateway.taken_minor() == 7_000


def test_who_comes_back_from_the_bank_without_confirming_has_it_called_off_at_once(
    client: Client, gateway: FakeGateway
) -> None:
    invoice = make_invoice("100.00")
    at_the_bank(client, gateway, offered_url(invoice))
    make_payment("100.00", invoice=invoice)

    told = text_of(come_back(client, gateway, "seti_1"))

    assert "This has been paid or settled in another way meanwhile, all or a part of it." in told
    assert Charge.objects.get().state == "not_performed"


def test_who_confirms_what_is_settled_otherwise_has_paid(client: Client, gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    at_the_bank(client, gateway, offered_url(invoice))
    make_payment("100.00", invoice=invoice)
    gateway.succeed("ch_1")

    assert "Thank you" in text_of(come_back(client, gateway, "seti_1"))
    assert Payment.objects.get(charge_id__isnull=False).credit_minor == 10_000


def test_what_cannot_be_cancelled_is_told_as_it_stands(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    waiting = begin(client, url, "40.00")
    assert "Pay $40.00" in text_of(client.post(f"{waiting}cancellation/", follow=True))
    gateway.type_card(token="tok_action")
    come_back(client, gateway, "seti_1")
    gateway.fail("cancel", OutcomeUnknown)

    silent = client.post(f"{waiting}cancellation/", follow=True)

    assert "so the payment is not cancelled. Try again in a minute." in text_of(silent)
    assert Charge.objects.get().state == "requires_action"
    gateway.succeed("ch_1")
    client.post(f"{waiting}cancellation/")
    assert "Thank you" in text_of(client.post(f"{waiting}cancellation/", follow=True))
    assert client.get(f"{waiting}cancellation/").status_code == 405
    assert client.post(f"{url_of('x' * 43)}1/cancellation/").status_code == 410
