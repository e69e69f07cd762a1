"""What a pay link that is over still tells, and to whom."""

from datetime import timedelta

import pytest
from django.test import Client

from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from tests.factories import SYSTEM, key, make_invoice
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import later, offer_to_pay
from tests.portal.paying import begin, come_back, offered_url, url_of
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def paid_by_link(client: Client, gateway: FakeGateway) -> tuple[int, str]:
    """A link of which a part was paid, and the address of that payment."""
    offered = offer_to_pay(make_invoice("100.00"))
    address = begin(client, url_of(offered.token), "40.00")
    gateway.type_card()
    come_back(client, gateway, "seti_1")
    return offered.link_id, address


@pytest.mark.parametrize("end", ["withdrawn", "run out"])
def test_who_finds_a_link_that_is_over_learns_nothing_of_what_was_paid_by_it(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    link_id, address = paid_by_link(client, gateway)
    if end == "withdrawn":
        withdraw_pay_link(link_id=link_id, request_key=key(), actor=SYSTEM)
    days = 1 if end == "withdrawn" else 30
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(days=days, seconds=1)))

    for url in (address, f"{address}receipt.pdf"):
        page = client.get(url)
        assert page.status_code == 410
        assert "This link no longer works" in text_of(page)
    assert client.post(f"{address}cancellation/").status_code == 410


def test_who_has_just_paid_has_the_receipt_though_the_link_is_withdrawn(
    client: Client, gateway: FakeGateway
) -> None:
    link_id, address = paid_by_link(client, gateway)
    withdraw_pay_link(link_id=link_id, request_key=key(), actor=SYSTEM)

    assert "Thank you" in text_of(client.get(address))
    assert client.get(f"{address}receipt.pdf")["Content-Type"] == "application/pdf"


def test_a_charge_without_an_outcome_is_told_however_long_it_takes(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begin(client, offered_url())
    gateway.type_card(token="tok_slow")
    come_back(client, gateway, "seti_1")
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(days=31)))

    assert client.get(address).status_code == 200
