"""Staff send a customer a pay link, from the invoice or the payment form, and withdraw one."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from duebook.contacts.models import Contact
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.jobs.tasks import close_link_payments, email_link_to_pay
from duebook.payments.models import CardSetup, Charge, PayLink, PayLinkInvoice
from duebook.payments.pay_links import link_of_token
from duebook.web.views import pay_links
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.payments.cards import default_account, jobs, offer
from tests.payments.charging import charge_invoice
from tests.payments.fake_gateway import FakeGateway, make_card, make_merchant_account
from tests.payments.pay_by_link import choose, offer_to_pay, pay
from tests.snapshot import everything
from tests.web.charge_form import CHARGE_NOW
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.payment_form import open_form
from tests.web.test_charges import show

pytestmark = pytest.mark.django_db


def tab(contact: Contact) -> str:
    return f"/contacts/{contact.pk}/pay-links/"


def link_in(page: Any) -> str:
    found = re.search(r'value="(http[^"]+/pay/[^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def test_a_link_for_all_that_is_due_is_sent_and_shown_once(client: Client, gateway: FakeGateway) -> None:
    default_account()
    acme = make_contact("Acme")
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    sign_in(client, Role.CLERK)
    form = fields_of(client.get(tab(acme)), send="on")

    made = client.post(tab(acme), form)

    link = link_in(made)
    assert made.status_code == 200
    assert link_of_token(link.rstrip("/").rpartition("/")[2]) == PayLink.objects.get()
    assert set(PayLinkInvoice.objects.values_list("invoice_id", flat=True)) == {first.pk, second.pk}
    assert "It is on its way to acme@example.com." in text_of(made)
    for job in jobs("email_pay_link"):
        email_link_to_pay(**job)
    assert link in str(mail.outbox[0].body)
    again = client.get(tab(acme))
    assert link not in again.content.decode()
    assert f"INV-{first.number}" in text_of(again)
    assert link_in(client.post(tab(acme), form)) == link
    assert PayLink.objects.count() == 1


def test_from_an_invoice_the_link_is_for_that_one(client: Client, gateway: FakeGateway) -> None:
    default_account()
    acme = make_contact("Acme", email="")
    make_invoice("100.00", contact=acme)
    wanted = make_invoice("50.00", contact=acme)
    sign_in(client, Role.CLERK)
    order = client.get(f"/orders/{wanted.order_id}/").content.decode()
    assert f'href="{tab(acme)}?invoice={wanted.pk}"' in order

    page = client.get(f"{tab(acme)}?invoice={wanted.pk}")
    made = client.post(tab(acme), fields_of(page))

    assert "The contact has no e-mail address" in text_of(page)
    assert "Send the link" not in text_of(page)
    assert "/pay/" in link_in(made)
    assert PayLinkInvoice.objects.get().invoice == wanted
    assert jobs("email_pay_link") == []


def test_the_payment_form_offers_a_link_where_a_card_would_be_charged(client: Client) -> None:
    default_account()
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    sign_in(client, Role.CLERK)

    page = open_form(client, invoice.contact_id, f"?invoice={invoice.pk}")

    assert CHARGE_NOW in text_of(page)
    assert f'href="{tab(invoice.contact)}?invoice={invoice.pk}"' in page.content.decode()


def test_choosing_nothing_or_two_currencies_is_refused(client: Client, gateway: FakeGateway) -> None:
    default_account()
    acme = make_contact("Acme")
    usd, eur = make_invoice(contact=acme), make_invoice(contact=acme, currency="EUR")
    sign_in(client, Role.CLERK)
    page = client.get(tab(acme))
    assert page.context["form"].initial["invoices"] == [usd.pk]

    nothing = client.post(tab(acme), fields_of(page, invoices=[]))
    both = client.post(tab(acme), fields_of(page, invoices=[usd.pk, eur.pk]))

    assert "Choose what the customer is to pay." in text_of(nothing)
    assert "This is in EUR, but USD is needed." in text_of(both)
    assert (nothing.status_code, both.status_code) == (422, 422)
    assert not PayLink.objects.exists()


@pytest.mark.parametrize(
    ("role", "has_account", "owes", "told"),
    [
        (Role.CLERK, True, True, "By a pay link the customer pays invoices with a card"),
        (Role.CLERK, False, True, "An owner adds it under Settings."),
        (Role.CLERK, True, False, "Nothing is due, so there is nothing to pay by link."),
        (Role.VIEWER, True, True, "No link is open."),
    ],
)
def test_the_tab_says_what_can_be_done(
    client: Client, role: Role, has_account: bool, owes: bool, told: str
) -> None:
    if has_account:
        default_account()
    acme = make_contact("Acme")
    if owes:
        make_invoice(contact=acme)
    sign_in(client, role)

    assert told in text_of(client.get(tab(acme)))


def test_a_link_is_withdrawn_and_the_history_tells_everything(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    invoice = make_invoice("100.00", contact=acme)
    offered = offer_to_pay(invoice)
    pay(gateway, offered, token="tok_no_funds")
    choose(offered)
    close_link_payments(0)
    sign_in(client, Role.CLERK)
    page = client.get(tab(acme)).content.decode()
    sent_key = re.search(rf'name="request_key"\s+value="([^"]+-{offered.link_id})"', page)
    assert sent_key is not None

    for _ in range(2):
        done = client.post(
            f"/pay-links/{offered.link_id}/withdrawal/", {"request_key": sent_key[1]}, follow=True
        )

    assert "The pay link is withdrawn. Nobody can pay with it any more." in text_of(done)
    assert "Withdraw" not in text_of(done)
    late = client.post(f"/pay-links/{offered.link_id}/withdrawal/", {"request_key": "x"}, follow=True)
    assert "This link was withdrawn, has run out" in text_of(late)
    history = text_of(client.get(f"/contacts/{acme.pk}/history/"))
    for sentence in (
        f"Pay link made for INV-{invoice.number}.",
        "The customer entered Visa •••• 4242 to pay by link.",
        f"Pay link for INV-{invoice.number} withdrawn.",
    ):
        assert sentence in history
    # What the charge came to says it all.
    assert "declined" in history
    assert "Nothing came of paying" not in history
    assert history.count("The customer began to pay 100.00 by pay link.") == 1
    assert "by the customer, with a pay link" in text_of(show(client, Charge.objects.get()))
    order = text_of(client.get(f"/orders/{invoice.order_id}/"))
    assert f"Pay link made for INV-{invoice.number}." in order


def test_a_viewer_makes_and_withdraws_no_link(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    offered = offer_to_pay(make_invoice(contact=acme))
    sign_in(client, Role.VIEWER)
    before = everything()

    assert client.post(tab(acme), {}).status_code == 403
    assert client.post(f"/pay-links/{offered.link_id}/withdrawal/", {}).status_code == 403
    assert everything() == before


def test_a_card_entered_to_pay_is_not_among_those_on_file(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    pay(gateway, offer_to_pay(make_invoice("100.00", contact=acme)))
    sign_in(client, Role.CLERK)

    assert "No card is on file." in text_of(client.get(f"/contacts/{acme.pk}/cards/"))
    assert "Links not used yet" not in text_of(client.get(f"/contacts/{acme.pk}/cards/"))


def test_a_link_to_add_a_card_can_be_withdrawn_too(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    offered = offer(acme)
    sign_in(client, Role.CLERK)
    url = f"/cards/links/{offered.setup_id}/withdrawal/"

    for _ in range(2):
        done = client.post(url, {"request_key": "one"}, follow=True)

    assert "The link is withdrawn. It takes no card any more." in text_of(done)
    assert CardSetup.objects.get().state == "cancelled"
    assert client.get(f"/pay/cards/{offered.token}/").status_code == 410
    assert Event.objects.filter(name="card_link.withdrawn").count() == 1
    late = client.post(url, {"request_key": "two"}, follow=True)
    assert "This link was used already" in text_of(late)


def test_a_charge_that_needs_the_customer_is_sent_to_them(client: Client, gateway: FakeGateway) -> None:
    charge = charge_invoice(make_invoice("100.00"), token="tok_action")
    sign_in(client, Role.CLERK)
    page = show(client, charge)
    assert "Send the link to acme@example.com" in text_of(page)
    sent_key = re.search(r'name="request_key" value="([^"]+)"', page.content.decode())
    assert sent_key is not None

    for _ in range(2):
        done = client.post(f"/charges/{charge.pk}/message/", {"request_key": sent_key[1]}, follow=True)

    (message,) = mail.outbox
    assert message.to == ["acme@example.com"]
    assert "your bank wants you to confirm a payment of $40.00" in str(message.body)
    assert "https://bank.example/3ds" in str(message.body)
    assert "The link is sent to acme@example.com." in text_of(done)
    assert "link sent to acme@example.com, " in text_of(done)
    assert Event.objects.filter(name="charge.link_sent").count() == 1


def test_the_link_of_a_charge_that_needs_nobody_is_not_sent(client: Client, gateway: FakeGateway) -> None:
    charge = charge_invoice(make_invoice("100.00"))
    waiting = charge_invoice(
        make_invoice("100.00", contact=make_contact("Ring", email="")), token="tok_action"
    )
    sign_in(client, Role.CLERK)

    ended = client.post(f"/charges/{charge.pk}/message/", {"request_key": "one"}, follow=True)
    nobody = client.post(f"/charges/{waiting.pk}/message/", {"request_key": "two"}, follow=True)
    Charge.objects.filter(pk=waiting.pk).update(action_url="")
    nowhere = client.post(f"/charges/{waiting.pk}/message/", {"request_key": "three"}, follow=True)

    assert "does not wait for the customer any more" in text_of(ended)
    assert "copy the link and send it yourself" in text_of(nobody)
    assert "has no page on which the customer could confirm it" in text_of(nowhere)
    assert mail.outbox == []


def test_an_account_that_takes_another_currency_is_refused(client: Client, gateway: FakeGateway) -> None:
    default_account()
    other = make_merchant_account("Euros", currencies=["EUR"])
    acme = make_contact("Acme")
    make_payment("10.00", invoice=make_invoice("100.00", contact=acme, ordered_on=day(-2)))
    sign_in(client, Role.CLERK)
    page = client.get(tab(acme))

    refused = client.post(tab(acme), fields_of(page, account=str(other.pk)))

    assert "Euros takes no USD." in text_of(refused)
    assert refused.status_code == 422


def test_of_many_open_links_the_newest_are_shown(
    client: Client, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_links, "MOST", 2)
    invoice = make_invoice("100.00")
    sign_in(client)
    made, told = [], []

    for _ in range(3):
        made.append(offer_to_pay(invoice).link_id)
        page = client.get(tab(invoice.contact))
        told.append(
            (
                [link.pk for link in page.context["links"]],
                "The newest 2 are shown. Older ones come up" in text_of(page),
            )
        )

    assert told == [([made[0]], False), ([made[1], made[0]], False), ([made[2], made[1]], True)]
