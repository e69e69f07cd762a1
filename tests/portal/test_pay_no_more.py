"""A link that takes no payment any more, or not now, says why: no card is entered or charged in vain."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from duebook.gateways.models import MerchantAccount
from duebook.payments.models import Charge, LinkPayment
from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from duebook.portal.views import pay as view
from duebook.staff.models import Business
from tests.factories import SYSTEM, key, make_invoice, make_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import later, offer_to_pay
from tests.portal.paying import begin, come_back, offered_url, send, url_of
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def test_what_was_paid_meanwhile_is_not_charged(client: Client, gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    url = offered_url(invoice)
    address = begin(client, url)
    make_payment("100.00", invoice=invoice)
    gateway.type_card()

    page = come_back(client, gateway, "seti_1")

    assert "This has been paid meanwhile. Your card was not charged." in text_of(page)
    assert gateway.taken_minor() == 0
    assert "Everything is paid" in text_of(client.get(url))
    assert "This has been paid meanwhile." in text_of(client.get(address))


def test_a_link_that_was_withdrawn_has_run_out_or_is_forged_says_what_to_do(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    Business.objects.update(name="North Studio")
    offered = offer_to_pay(make_invoice("100.00"))
    address = begin(client, url_of(offered.token))
    withdraw_pay_link(link_id=offered.link_id, request_key=key(), actor=SYSTEM)
    inactive = offered_url()
    MerchantAccount.objects.update(active=False, is_default=False)

    for url in (url_of(offered.token), inactive, url_of("x" * 43), f"{url_of('x' * 43)}1/"):
        page = client.get(url)
        assert page.status_code == 410
        assert "Ask North Studio for a new link" in text_of(page)
    assert "Your card was not charged." in text_of(client.get(address))
    MerchantAccount.objects.update(active=True, is_default=True)
    late = offered_url()
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(days=30, seconds=1)))
    assert client.get(late).status_code == 410


def test_no_card_is_entered_in_vain_where_another_tab_was_faster(
    client: Client, gateway: FakeGateway
) -> None:
    url = offered_url()
    second = begin(client, url, "60.00", request_key="second")
    first = begin(client, url, "40.00", request_key="first")
    gateway.type_card("seti_2", "tok_slow")
    come_back(client, gateway, "seti_2")

    under_way = client.get(second)
    gateway.succeed("ch_1")
    Charge.objects.update(ask_at=Charge.objects.get().prepared_at)
    assert "Thank you" in text_of(client.get(first))
    changed = client.get(second)

    assert under_way.status_code == changed.status_code == 410
    assert "Another payment for the same invoice is under way." in text_of(under_way)
    assert "What is due has changed since you chose the amount." in text_of(changed)
    assert "See what is due" in text_of(changed)
    assert LinkPayment.objects.get(number=1).refusal == ""


def test_a_link_that_is_withdrawn_while_a_card_is_to_be_entered_says_so(
    client: Client, gateway: FakeGateway
) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    address = begin(client, url_of(offered.token))
    withdraw_pay_link(link_id=offered.link_id, request_key=key(), actor=SYSTEM)

    page = client.get(address)

    assert "The link no longer works. Your card was not charged." in text_of(page)
    assert f'href="{url_of(offered.token)}' not in page.content.decode()


def test_a_card_entered_too_late_is_not_charged(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client, offered_url())
    gateway.type_card()
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(hours=1)))

    page = come_back(client, gateway, "seti_1")

    assert "It took too long to enter the card. Your card was not charged." in text_of(page)
    assert gateway.taken_minor() == 0


def test_the_address_to_come_back_to_tells_nothing_of_the_link_and_runs_out(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    begin(client, url_of(offered.token))

    assert offered.token not in gateway.returns["seti_1"]
    assert client.get(reverse("pay:back", args=["forged"])).status_code == 410
    monkeypatch.setattr(view, "_DAY", -1)
    assert come_back(client, gateway, "seti_1").status_code == 410


def test_pages_opened_too_often_from_one_place_ask_to_wait(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "OPENED_FROM_A_PLACE", 2)
    url = offered_url()

    pages = [client.get(address) for address in (url_of("guess"), url, url)]

    assert [page.status_code for page in pages] == [410, 200, 429]
    assert "Wait a minute and open the link again" in text_of(pages[-1])


@pytest.mark.parametrize("limit", ["BEGUN_BY_A_LINK", "BEGUN_FROM_A_PLACE"])
def test_one_card_after_the_other_is_not_tried(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(view, limit, 2)
    url = offered_url()

    statuses = [send(client, url, "5.00").status_code for _ in range(3)]

    assert statuses == [302, 302, 429]
    assert LinkPayment.objects.count() == 2
