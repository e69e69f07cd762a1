"""A customer puts a card on file by a link; the page loads nothing but what the gateway's fields need."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import DeclineClass, OutcomeUnknown
from duebook.payments.models import CardSetup, PaymentMethod
from duebook.portal.views import cards as view
from duebook.staff.models import Business
from tests.factories import make_contact
from tests.payments.cards import begin, offer
from tests.payments.fake_gateway import FakeGateway
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


def url_of(token: str) -> str:
    return reverse("pay:card", args=[token])


def offered_url() -> str:
    return url_of(offer(make_contact("Acme")).token)


def policy_of(answer: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


CLOSED = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}


def test_the_page_says_who_keeps_the_card_and_leads_to_the_gateway(
    client: Client, gateway: FakeGateway
) -> None:
    Business.objects.update(name="North Studio", email="office@north.example")
    url = offered_url()

    page = client.get(url)

    told = text_of(page)
    assert page.status_code == 200
    assert "North Studio keeps this card on file for Acme" in told
    assert "Nothing is charged now." in told
    assert "TEST" in told
    assert "office@north.example" in told
    assert 'href="https://gateway.example/setup/seti_1"' in page.content.decode()
    assert gateway.returns == {"seti_1": f"http://testserver{url}"}


def test_nothing_of_the_page_is_kept_or_found_and_no_script_runs_on_it(
    client: Client, gateway: FakeGateway
) -> None:
    page = client.get(offered_url())

    assert policy_of(page) == CLOSED
    assert "<script" not in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_gateway_with_fields_of_its_own_gets_its_script_and_ours_and_no_other(
    client: Client, gateway: FakeGateway
) -> None:
    gateway.script_url = "https://js.gateway.example/v3/"

    page = client.get(offered_url())

    body = page.content.decode()
    assert body.count("<script") == 2
    assert 'src="https://js.gateway.example/v3/"' in body
    assert 'data-client-secret="seti_1_secret"' in body
    assert 'data-public-key="pk_1"' in body
    origin = "https://js.gateway.example"
    assert policy_of(page) == CLOSED | {
        "script-src": ["'self'", origin],
        "connect-src": [origin],
        "frame-src": [origin],
    }


def test_stripe_gets_what_stripe_needs(client: Client, gateway: FakeGateway) -> None:
    gateway.script_url = "https://js.stripe.com/v3/"

    policy = policy_of(client.get(offered_url()))

    stripe, parts = "https://js.stripe.com", "https://*.js.stripe.com"
    assert policy["script-src"] == ["'self'", stripe, parts]
    assert policy["connect-src"] == [stripe, "https://api.stripe.com"]
    assert policy["frame-src"] == [stripe, parts, "https://hooks.stripe.com"]


def test_coming_back_with_a_saved_card_says_that_it_is_on_file(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    client.get(url)
    gateway.type_card()

    back = client.get(url)
    again = client.get(url)

    for page in (back, again):
        assert "Your card is on file" in text_of(page)
        assert "Visa •••• 4242" in text_of(page)
        assert policy_of(page) == CLOSED
    assert PaymentMethod.objects.count() == 1
    assert gateway.calls == ["begin_setup", "fetch_setup"]


def test_the_script_posts_and_the_gateway_is_asked(client: Client, gateway: FakeGateway) -> None:
    gateway.script_url = "https://js.gateway.example/v3/"
    url = offered_url()
    client.get(url)
    gateway.type_card()

    sent = client.post(url, follow=True)

    assert sent.redirect_chain == [(url, 302)]
    assert "Your card is on file" in text_of(sent)


def test_a_post_alone_saves_nothing(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    client.get(url)

    client.post(url, {"outcome": "saved", "token": "tok_forged"})

    assert not PaymentMethod.objects.exists()
    assert CardSetup.objects.get().state == "waiting"


def test_the_form_is_protected_against_other_sites(gateway: FakeGateway) -> None:
    assert Client(enforce_csrf_checks=True).post(offered_url()).status_code == 403


def test_a_refused_card_says_why_and_another_can_be_tried(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    client.get(url)
    gateway.refuse_card(kind=DeclineClass.EXPIRED)

    page = client.get(url)

    assert "The card was not saved. The bank says that the card has expired." in text_of(page)
    assert 'href="https://gateway.example/setup/seti_1"' in page.content.decode()
    gateway.type_card()
    assert "Your card is on file" in text_of(client.get(url))


def test_links_that_are_over_or_forged_say_what_to_do(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    Business.objects.update(name="North Studio")
    with monkeypatch.context() as patch:
        patch.setattr("duebook.payments.services.offer_card_setup.LIFETIME", timedelta(seconds=-1))
        old = offered_url()
    inactive = offered_url()
    MerchantAccount.objects.update(active=False, is_default=False)

    for url in (inactive, old, url_of("x" * 43)):
        page = client.get(url)
        assert page.status_code == 410
        assert "Ask North Studio for a new link" in text_of(page)
    assert gateway.calls == []


def test_a_used_link_is_forgotten_after_its_days(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = offered_url()
    client.get(url)
    gateway.type_card()
    client.get(url)

    monkeypatch.setattr("duebook.payments.card_links.timezone.now", _later)

    page = client.get(url)
    assert page.status_code == 410
    assert "4242" not in text_of(page)


def _later() -> Any:
    return CardSetup.objects.get().expires_at + timedelta(seconds=1)


def test_a_card_typed_in_time_is_kept_however_late_the_customer_comes_back(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = offered_url()
    client.get(url)
    gateway.type_card()
    monkeypatch.setattr("duebook.payments.card_links.timezone.now", _later)

    client.get(url)

    assert PaymentMethod.objects.get().active


@pytest.mark.parametrize("call", ["begin_setup", "fetch_setup"])
def test_a_gateway_that_does_not_answer_loses_nothing(
    client: Client, gateway: FakeGateway, call: str
) -> None:
    url = offered_url()
    if call == "fetch_setup":
        client.get(url)
    gateway.fail(call, OutcomeUnknown)

    page = client.get(url)

    assert page.status_code == 503
    assert "it still works" in text_of(page)
    assert client.get(url).status_code == 200


def test_a_page_opened_too_often_from_one_place_asks_to_wait(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "OPENED_FROM_A_PLACE", 2)
    url = offered_url()

    statuses = [client.get(address).status_code for address in (url_of("guess"), url, url)]

    assert statuses == [410, 200, 429]


def test_the_page_of_another_s_card_opens_no_other(client: Client, gateway: FakeGateway) -> None:
    """A token opens its own offer, whatever else the customer may have."""
    first, second = offer(make_contact("Acme")), offer(make_contact("Ring"))
    begin(first)

    assert "for Ring" in text_of(client.get(url_of(second.token)))
    assert "for Acme" in text_of(client.get(url_of(first.token)))
