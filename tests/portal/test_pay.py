"""A customer pays by a link: each page says how it stands, and no way to open or send it charges twice."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import DeclineClass, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.jobs.tasks import forget_card_at_gateway
from duebook.orders.models import OrderItem
from duebook.payments.models import Charge, LinkPayment, Payment, PaymentMethod
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from duebook.portal.views import pay as view
from duebook.staff.models import Business
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment
from tests.payments.cards import jobs
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import later, offer_to_pay
from tests.portal.test_cards import CLOSED, policy_of
from tests.snapshot import everything
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


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


def test_the_page_says_what_is_due_for_which_invoices(client: Client, gateway: FakeGateway) -> None:
    Business.objects.update(name="North Studio", email="office@north.example")
    acme = make_contact("Acme")
    first = make_invoice("1200.00", contact=acme, title="Website package", ordered_on=day(-40))
    second = make_invoice("50.00", contact=acme, title="Hosting")

    page = client.get(offered_url(second, first))

    told = text_of(page)
    assert page.status_code == 200
    for part in (
        "North Studio",
        "For Acme",
        "Website package",
        f"INV-{first.number}",
        "$1,200.00",
        "Hosting",
    ):
        assert part in told
    assert "Balance due $1,250.00" in told
    assert 'value="1,250.00"' in page.content.decode()
    assert "It goes to what has been due longest." in told
    assert "office@north.example" in told
    assert "TEST" in told
    assert gateway.calls == []


def test_the_page_says_what_it_is_for_what_was_paid_and_how_to_reach_the_business(
    client: Client, gateway: FakeGateway
) -> None:
    Business.objects.update(name="North Studio", email="", address="1 Harbour Road\nPortland")
    acme = make_contact("Acme")
    late = make_invoice("300.00", contact=acme, title="Website package", ordered_on=day(-40))
    later = make_invoice("50.00", contact=acme, title="Hosting")
    OrderItem.objects.filter(order=late.order_id).update(description="Design days", quantity=3)
    make_payment("120.00", invoice=late)

    page = client.get(offered_url(late, later))

    told = text_of(page)
    assert "was due" in told
    assert "$120.00 of $300.00 is paid or credited" in told
    assert "3 × Design days $300.00 Total $300.00" in told
    assert "North Studio 1 Harbour Road Portland" in told
    title = re.search(r"<title>(.*?)</title>", page.content.decode(), re.DOTALL)
    assert title is not None
    assert " ".join(title[1].split()) == "Pay by card · North Studio"


def test_what_is_under_way_is_not_in_what_is_to_be_paid_now(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = make_invoice("60.00", contact=acme, ordered_on=day(-40))
    url = offered_url(first, make_invoice("40.00", contact=acme))
    begin(client, url, "60.00")
    gateway.type_card(token="tok_slow")
    come_back(client, gateway, "seti_1")

    told = text_of(client.get(url))

    assert "a payment is under way" in told
    assert "To be paid now $40.00" in told


def test_several_invoices_are_read_with_as_many_statements_as_two(
    client: Client, gateway: FakeGateway
) -> None:
    acme = make_contact("Acme")
    asked = []

    for number in (2, 6):
        url = offered_url(*(make_invoice("5.00", contact=acme) for _ in range(number)))
        client.get(url)
        with CaptureQueriesContext(connection) as statements:
            client.get(url)
        # How often the page was opened is counted, which has nothing to do with the invoices.
        asked.append([one["sql"] for one in statements if '"cache"' not in one["sql"]])

    assert len(asked[0]) == len(asked[1])
    assert len([sql for sql in asked[1] if "orders_orderitem" in sql]) == 1


def test_no_page_runs_a_script_or_is_kept_or_found(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()

    for address in (url, begin(client, url)):
        page = client.get(address)
        assert policy_of(page) == CLOSED
        assert "<script" not in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_gateway_s_fields_get_its_script_and_the_one_that_posts(
    client: Client, gateway: FakeGateway
) -> None:
    gateway.script_url = "https://js.gateway.example/v3/"

    page = client.get(begin(client, offered_url(), "40.00"))

    body, origin = page.content.decode(), "https://js.gateway.example"
    assert body.count("<script") == 2
    assert "Pay $40.00" in text_of(page)
    assert policy_of(page) == CLOSED | {
        "script-src": ["'self'", origin],
        "connect-src": [origin],
        "frame-src": [origin],
    }


def test_a_part_is_paid_and_the_receipt_shown(client: Client, gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = make_invoice("60.00", contact=acme, title="Website", ordered_on=day(-40))
    second = make_invoice("40.00", contact=acme, title="Hosting")
    url = offered_url(first, second)

    address = begin(client, url, "70.00")
    shown = text_of(client.get(address))
    assert "Pay $70.00" in shown
    assert f"Website INV-{first.number} $60.00" in shown
    assert f"Hosting INV-{second.number} $10.00 $30.00 stays due" in shown
    gateway.type_card()
    page = come_back(client, gateway, "seti_1")

    payment = Payment.objects.get()
    told = text_of(page)
    assert page.redirect_chain[-1] == (address, 302)
    assert "Thank you" in told
    assert "$70.00 was paid on" in told
    assert str(payment) in told
    assert "The card is not kept." in told
    assert policy_of(page) == CLOSED
    assert gateway.taken_minor() == 7_000
    assert not PaymentMethod.objects.get().active
    pdf = client.get(f"{address}receipt.pdf")
    assert pdf.status_code == 200
    assert b"".join(pdf).startswith(b"%PDF") if pdf.streaming else pdf.content.startswith(b"%PDF")
    assert "Balance due $30.00" in text_of(client.get(url))


def test_opening_sending_and_going_back_charge_nothing_more(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    address = begin(client, url, "40.00", request_key="one")
    gateway.type_card()
    come_back(client, gateway, "seti_1")
    before = everything()

    for _ in range(2):
        assert "Thank you" in text_of(client.get(address))
        assert "Thank you" in text_of(client.post(address, follow=True))
        assert "Thank you" in text_of(come_back(client, gateway, "seti_1"))
        # The form of before, sent again from the browser's history.
        again = client.post(url, {"request_key": "one", "amount": "40.00"}, follow=True)
        assert "Thank you" in text_of(again)

    assert everything() == before
    assert gateway.taken_minor() == 4_000


def test_a_second_click_on_the_same_page_is_one_payment_and_another_amount_another(
    client: Client, gateway: FakeGateway
) -> None:
    url = offered_url()

    for amount in ("40.00", "40.00", "30.00"):
        send(client, url, amount, request_key="one")

    assert list(LinkPayment.objects.order_by("pk").values_list("amount_minor", flat=True)) == [4_000, 3_000]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("", "Enter how much you want to pay."),
        ("100.01", "No more than $100.00 is due."),
        ("0", "Enter an amount above zero."),
        ("0.10", "no less than $0.50"),
        ("ten", "figures"),
        ("4242 4242 4242 4242", "You enter the card on the next page."),
    ],
)
def test_an_amount_that_cannot_be_paid_says_what_can(
    client: Client, gateway: FakeGateway, amount: str, told: str
) -> None:
    page = send(client, offered_url(), amount)

    assert page.status_code == 422
    assert told.lower() in text_of(page).lower()
    assert not LinkPayment.objects.exists()


def test_a_card_that_is_kept_is_on_file_after_paying(client: Client, gateway: FakeGateway) -> None:
    begin(client, offered_url(), keep="on")
    gateway.type_card()

    page = come_back(client, gateway, "seti_1")

    assert "The card is kept for future payments." in text_of(page)
    card = PaymentMethod.objects.get()
    assert (card.active, card.on_file, card.is_default) == (True, True, True)


def test_a_declined_card_says_why_and_another_pays(client: Client, gateway: FakeGateway) -> None:
    url = offered_url()
    begin(client, url)
    gateway.type_card(token="tok_no_funds")

    page = come_back(client, gateway, "seti_1")

    told = text_of(page)
    assert "Nothing was charged" in told
    assert "The bank says that the card has not enough money. Your card was not charged." in told
    assert f'href="{url}?again=1"' in page.content.decode()
    begin(client, url)
    gateway.type_card("seti_2", "tok_ok")
    assert "Thank you" in text_of(come_back(client, gateway, "seti_2"))
    assert gateway.taken_minor() == 10_000


def test_what_was_chosen_stands_in_the_form_for_another_card(client: Client, gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    url = offered_url(invoice)
    address = begin(client, url, "40.00", keep="on")
    assert f'href="{url}?again=1"' in client.get(address).content.decode()

    again = client.get(f"{url}?again=1").content.decode()
    make_payment("70.00", invoice=invoice)
    less_is_due = client.get(f"{url}?again=1").content.decode()
    others = [client.get(f"{url}?again={what}") for what in ("2", "x", "1" * 30, "")]

    assert 'value="40.00"' in again
    assert re.search(r'name="keep"[^>]*checked', again)
    assert 'value="30.00"' in less_is_due
    for page in others:
        assert page.status_code == 200
        assert not re.search(r'name="keep"[^>]*checked', page.content.decode())


@pytest.mark.parametrize(
    ("is_forgotten", "words"),
    [
        (False, "The card is kept for future payments."),
        (True, "the card processor had been told to forget it. You can enter it again next time."),
    ],
)
def test_a_payment_that_turns_out_late_to_have_been_made_is_shown_as_paid(
    client: Client, gateway: FakeGateway, is_forgotten: bool, words: str
) -> None:
    Business.objects.update(email_receipts=True)
    url = offered_url()
    address = begin(client, url, keep="on")
    gateway.type_card(token="tok_no_funds")
    assert "Nothing was charged" in text_of(come_back(client, gateway, "seti_1"))
    if is_forgotten:
        for job in jobs("forget_card"):
            forget_card_at_gateway(**job)
    gateway.succeed("ch_1")
    ask_gateway_now(charge_id=Charge.objects.get().pk, actor=SYSTEM)

    told = text_of(client.get(address))

    assert "Thank you" in told
    assert words in told
    assert "The receipt also comes by e-mail." in told
    assert jobs("email_receipt") == [{"payment_id": Payment.objects.get().pk}]
    assert PaymentMethod.objects.filter(active=True, on_file=True).exists() is not is_forgotten
    assert "Everything is paid" in text_of(client.get(url))


def test_a_card_refused_when_it_is_entered_can_be_replaced_at_once(
    client: Client, gateway: FakeGateway
) -> None:
    begin(client, offered_url())
    gateway.refuse_card(kind=DeclineClass.EXPIRED)

    page = come_back(client, gateway, "seti_1")

    assert "Nothing was charged. The bank says that the card has expired." in text_of(page)
    assert 'href="https://gateway.example/setup/seti_1"' in page.content.decode()
    gateway.type_card()
    assert "Thank you" in text_of(come_back(client, gateway, "seti_1"))


def test_an_outcome_that_is_not_known_asks_for_no_second_payment_and_resolves_itself(
    client: Client, gateway: FakeGateway
) -> None:
    url = offered_url()
    address = begin(client, url)
    gateway.type_card()
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)

    page = come_back(client, gateway, "seti_1")

    assert "We are asking the card processor" in text_of(page)
    assert "You do not have to pay again." in text_of(page)
    assert page.headers["Refresh"] == "10"
    under_way = client.get(url)
    assert "A payment is under way" in text_of(under_way)
    assert under_way.headers["Refresh"] == "10"
    assert f'href="{address}"' in under_way.content.decode()
    Charge.objects.update(ask_at=Charge.objects.get().prepared_at)
    assert "Thank you" in text_of(client.get(address))
    assert "Everything is paid" in text_of(client.get(url))
    assert gateway.taken_minor() == 10_000


def test_waiting_pages_leave_the_janitor_s_turns_alone(client: Client, gateway: FakeGateway) -> None:
    address = begin(client, offered_url())
    gateway.type_card(token="tok_slow")
    come_back(client, gateway, "seti_1")
    before = gateway.calls.count("fetch")

    for _ in range(3):
        assert "We are asking the card processor" in text_of(client.get(address))

    assert gateway.calls.count("fetch") == before


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


@pytest.mark.parametrize("call", ["begin_setup", "fetch_setup"])
def test_a_gateway_that_does_not_answer_loses_nothing(
    client: Client, gateway: FakeGateway, call: str
) -> None:
    address = str(send(client, offered_url())["Location"])
    if call == "fetch_setup":
        client.get(address)
        gateway.type_card()
    gateway.fail(call, OutcomeUnknown)

    page = client.get(address)

    assert page.status_code == 503
    assert "it still works" in text_of(page)
    assert client.get(address).status_code == 200


def test_receipts_are_of_the_link_s_payments_alone(client: Client, gateway: FakeGateway) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    other = make_invoice("5.00")
    make_payment("5.00", invoice=other)

    for address in (f"{url_of(offered.token)}1/receipt.pdf", f"{url_of('x' * 43)}1/receipt.pdf"):
        assert client.get(address).status_code == 410


def test_a_receipt_comes_by_mail_where_the_business_sends_them(client: Client, gateway: FakeGateway) -> None:
    Business.objects.update(email_receipts=True)
    begin(client, offered_url())
    gateway.type_card()

    page = come_back(client, gateway, "seti_1")

    assert "The receipt also comes by e-mail." in text_of(page)
    assert jobs("email_receipt") == [{"payment_id": Payment.objects.get().pk}]


def test_the_logo_stands_on_the_page(client: Client, gateway: FakeGateway) -> None:
    assert client.get(reverse("pay:logo")).status_code == 404
    Business.objects.update(logo=b"picture", logo_type="image/png")

    page = client.get(offered_url())

    assert f'src="{reverse("pay:logo")}"' in page.content.decode()
    assert client.get(reverse("pay:logo")).content == b"picture"


def test_the_forms_are_protected_against_other_sites(gateway: FakeGateway) -> None:
    assert Client(enforce_csrf_checks=True).post(offered_url()).status_code == 403


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
