"""A customer who pays by a link, in a browser."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from duebook.invoices.models import Invoice
from tests.factories import make_invoice
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import offer_to_pay


def url_of(token: str) -> str:
    return reverse("pay:link", args=[token])


def offered_url(*invoices: Invoice) -> str:
    return url_of(offer_to_pay(*(invoices or [make_invoice("100.00")])).token)


def send(client: Client, url: str, amount: str = "100.00", *, request_key: str = "", **more: str) -> Any:
    """Choose an amount, as a browser does; the answer to it."""
    shown = client.get(url).content.decode()
    sent_key = re.search(r'name="request_key" value="([^"]+)"', shown)
    assert sent_key is not None
    return client.post(url, {"request_key": request_key or sent_key[1], "amount": amount, **more})


def begin(client: Client, url: str, amount: str = "100.00", **more: str) -> str:
    """The address at which the card is entered."""
    sent = send(client, url, amount, **more)
    assert sent.status_code == 302
    client.get(sent["Location"])
    return str(sent["Location"])


def come_back(client: Client, gateway: FakeGateway, setup_id: str) -> Any:
    """The gateway sends the customer back."""
    return client.get(gateway.returns[setup_id].removeprefix("http://testserver"), follow=True)
