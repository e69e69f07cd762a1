"""A customer pays by a link: each page says how it stands, and no way to open or send it charges twice."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from duebook.gateways.protocol import DeclineClass, OutcomeUnknown
from duebook.jobs.tasks import forget_card_at_gateway
from duebook.orders.models import OrderItem
from duebook.payments.models import Charge, LinkPayment, Payment, PaymentMethod
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.staff.models import Business
from tests.factories import SYSTEM, day, make_contact, make_invoice, make_payment
from tests.payments.cards import jobs
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import offer_to_pay
from tests.portal.paying import begin, come_back, offered_url, send, url_of
from tests.portal.test_cards import CLOSED, policy_of
from tests.snapshot import everything
from tests.web.pages import text_of

pytestmark = pytest.mark.django_db


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
