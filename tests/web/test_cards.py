"""The Cards tab: what is on file, links to add a card, the default, taking out of use."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.gateways.models import MerchantAccount
from duebook.jobs.tasks import email_link_for_card
from duebook.payments.card_links import setup_of_token
from duebook.payments.models import CardSetup, PaymentMethod
from duebook.web.views import cards
from tests.factories import day, make_contact
from tests.payments.cards import begin, default_account, jobs, offer
from tests.payments.fake_gateway import FakeGateway, make_card, make_merchant_account
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def tab(contact: Contact) -> str:
    return f"/contacts/{contact.pk}/cards/"


def link_in(page: Any) -> str:
    found = re.search(r'value="(http[^"]+/pay/cards/[^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def test_without_a_card_the_tab_says_what_to_do(client: Client) -> None:
    default_account()
    acme = make_contact("Acme")
    sign_in(client, Role.CLERK)

    page = text_of(client.get(tab(acme)))

    assert "No card is on file. Send the customer a link" in page
    assert "Send a link to add a card" in page


def test_without_a_merchant_account_the_tab_says_who_adds_one(client: Client) -> None:
    acme = make_contact("Acme")
    sign_in(client, Role.CLERK)

    page = text_of(client.get(tab(acme)))

    assert "there is no merchant account to keep one. An owner adds it under Settings." in page
    assert "Send a link" not in page


def test_a_link_is_sent_and_shown_once(client: Client, gateway: FakeGateway) -> None:
    default_account()
    acme = make_contact("Acme")
    sign_in(client, Role.CLERK)
    form = fields_of(client.get(tab(acme)), send="on")

    made = client.post(tab(acme), form)

    link = link_in(made)
    setup = setup_of_token(link.rstrip("/").rpartition("/")[2])
    assert made.status_code == 200
    assert setup == CardSetup.objects.get()
    assert "It is on its way to acme@example.com." in text_of(made)
    for job in jobs("email_card_link"):
        email_link_for_card(**job)
    assert link in str(mail.outbox[0].body)
    assert link not in client.get(tab(acme)).content.decode()
    assert "Links not used yet" in text_of(client.get(tab(acme)))
    again = client.post(tab(acme), form)
    assert link_in(again) == link
    assert CardSetup.objects.count() == 1


def test_a_link_can_be_made_without_sending_it(client: Client) -> None:
    default_account()
    acme = make_contact("Acme", email="")
    sign_in(client, Role.CLERK)
    page = client.get(tab(acme))

    made = client.post(tab(acme), fields_of(page))

    assert "The contact has no e-mail address" in text_of(page)
    assert "Send a link to add a card" not in text_of(page)
    assert "/pay/cards/" in link_in(made)
    assert jobs("email_card_link") == []


def test_the_account_is_chosen_where_there_are_several(client: Client) -> None:
    default_account()
    live = make_merchant_account("Shop", live=True)
    make_merchant_account("Old", active=False)
    acme = make_contact("Acme")
    sign_in(client, Role.CLERK)
    page = client.get(tab(acme))

    client.post(tab(acme), fields_of(page, account=str(live.pk)))

    labels = [label for _, label in page.context["form"].fields["account"].choices]
    assert labels == ["Sandbox (TEST)", "Shop"]
    assert CardSetup.objects.get().merchant_account == live


def test_an_account_put_out_of_use_meanwhile_is_refused(client: Client) -> None:
    default_account()
    other = make_merchant_account("Shop")
    acme = make_contact("Acme")
    sign_in(client, Role.CLERK)
    form = fields_of(client.get(tab(acme)), account=str(other.pk))
    MerchantAccount.objects.filter(pk=other.pk).update(active=False)

    refused = client.post(tab(acme), form)

    assert refused.status_code == 422
    assert not CardSetup.objects.exists()


def test_cards_show_what_may_be_shown_and_how_they_stand(client: Client) -> None:
    acme = make_contact("Acme")
    soon = day(20)
    make_card(acme, "tok_1", is_default=True)
    make_card(acme, "tok_2", last_four="1881", exp_month=soon.month, exp_year=soon.year)
    make_card(acme, "tok_3", brand="Mastercard", last_four="4444", exp_month=1, exp_year=2020)
    make_card(acme, "tok_4", last_four="0005", active=False)
    sign_in(client, Role.CLERK)

    page = client.get(tab(acme))

    told = text_of(page)
    assert "Visa •••• 4242 default 12/40 Sandbox TEST Deactivate" in told
    assert f"Visa •••• 1881 {soon:%m/%y} expires soon Sandbox TEST Make default" in told
    assert "Mastercard •••• 4444 01/20 expired Sandbox TEST Deactivate" in told
    assert "Visa •••• 0005 deactivated 12/40 Sandbox TEST" in told
    assert "tok_" not in page.content.decode()


def test_another_card_is_made_the_default(client: Client) -> None:
    acme = make_contact("Acme")
    make_card(acme, "tok_1", is_default=True)
    other = make_card(acme, "tok_2", last_four="1881")
    sign_in(client, Role.CLERK)

    answer = client.post(f"/cards/{other.pk}/default/", {"request_key": "k"}, follow=True)

    assert "Visa •••• 1881 is the default now." in text_of(answer)
    assert PaymentMethod.objects.get(is_default=True) == other


def test_a_card_is_deactivated_after_a_page_that_says_what_that_means(
    client: Client, gateway: FakeGateway
) -> None:
    card = make_card(make_contact("Acme"), is_default=True)
    url = f"/cards/{card.pk}/deactivation/"
    sign_in(client, Role.CLERK)
    page = client.get(url)

    answer = client.post(url, fields_of(page), follow=True)

    assert "Payments made with it stay as they are" in text_of(page)
    assert "Visa •••• 4242 is deactivated." in text_of(answer)
    refused = client.post(url, fields_of(client.get(url)))
    assert refused.status_code == 422
    assert "This card was deactivated." in text_of(refused)


def test_a_declined_card_and_an_opened_link_are_marked(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    begin(offer(acme))
    sign_in(client, Role.CLERK)
    assert "opened" in text_of(client.get(tab(acme)))

    CardSetup.objects.update(state="declined", ended_at=timezone.now())

    assert "a card was declined" in text_of(client.get(tab(acme)))


def test_a_viewer_sees_cards_and_changes_nothing(client: Client) -> None:
    card = make_card(make_contact("Acme"), is_default=True)
    sign_in(client, Role.VIEWER)
    before = everything()

    page = text_of(client.get(tab(card.contact)))
    refused = [
        client.post(tab(card.contact), {"request_key": "k", "account": card.merchant_account_id}),
        client.post(f"/cards/{card.pk}/default/", {"request_key": "k"}),
        client.get(f"/cards/{card.pk}/deactivation/"),
        client.post(f"/cards/{card.pk}/deactivation/", {"request_key": "k"}),
    ]

    assert "Visa •••• 4242" in page
    assert not any(word in page for word in ("Deactivate", "Make default", "Send a link", "Make a link"))
    assert {answer.status_code for answer in refused} == {403}
    assert everything() == before


@pytest.mark.parametrize("count", [1, 15])
def test_the_tab_asks_the_database_as_often_for_many_cards_as_for_one(
    client: Client, gateway: FakeGateway, count: int, django_assert_num_queries: Any
) -> None:
    default_account()
    acme = make_contact("Acme")
    for number in range(count):
        make_card(acme, f"tok_{number}")
        offer(acme)
    sign_in(client, Role.CLERK)
    client.get(tab(acme))

    with django_assert_num_queries(10):
        client.get(tab(acme))


def test_a_card_that_is_not_there_is_not_found(client: Client) -> None:
    sign_in(client, Role.CLERK)

    assert client.post("/cards/987/default/", {"request_key": "k"}).status_code == 404
    assert client.get("/cards/987/deactivation/").status_code == 404


def test_of_many_cards_and_links_the_newest_are_shown(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "MOST", 2)
    default_account()
    acme = make_contact("Acme")
    sign_in(client)

    for number in range(3):
        make_card(acme, f"tok_{number}", active=number == 0)
        offer(acme)
    page = client.get(tab(acme))

    assert [row["card"].token for row in page.context["cards"]] == ["tok_0", "tok_2"]
    assert len(page.context["links"]) == 2
    assert "The newest 2 are shown, cards in use first. Older links come up" in text_of(page)
