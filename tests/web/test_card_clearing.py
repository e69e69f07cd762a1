"""The pages of card clearing: what has not been paid out, what has, and asking for more."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from duebook.domain.permissions import Role
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown, SettlementLine
from duebook.ledger.models import ClosedPeriod
from duebook.payments.models import Payment, PaymentType, Settlement
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, fetch, line_of, line_of_settlement
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db

WAITING, SETTLEMENTS = "/reports/card-clearing/", "/reports/card-clearing/settlements/"


def inquiry() -> str:
    return f"/reports/card-clearing/accounts/{MerchantAccount.objects.get().pk}/inquiry/"


def page_of(settlement: Settlement) -> str:
    return f"{SETTLEMENTS}{settlement.pk}/"


def table_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("page", [WAITING, SETTLEMENTS])
def test_without_a_processor_the_page_leads_to_adding_one(client: Client, page: str) -> None:
    sign_in(client, Role.OWNER)
    owner = text_of(client.get(page))
    sign_in(client, Role.VIEWER)
    viewer = text_of(client.get(page))

    assert "No card processor is connected" in owner
    assert "Add Merchant Account" in owner
    assert "Add Merchant Account" not in viewer
    assert client.get("/reports/card-clearing.csv").status_code == 404


def test_the_reports_lead_to_card_clearing(client: Client) -> None:
    sign_in(client, Role.VIEWER)

    assert f'href="{WAITING}"' in client.get("/reports/").content.decode()


def test_what_waits_is_shown_with_the_balance_that_it_comes_to(client: Client, gateway: FakeGateway) -> None:
    charge = a_charge("100.00", make_contact("Ring"))
    payment = Payment.objects.get()
    sign_in(client, Role.VIEWER)

    page = text_of(client.get(WAITING))

    assert "Balance of card clearing 100.00 Not cleared 100.00" in page
    assert f"Charge C-{charge.pk} · P-{payment.number}" in page
    assert "Ring 0 100.00" in page
    assert "not in the books" not in page
    assert "Fetch settlements now" not in page


def test_the_difference_to_the_balance_is_named(client: Client, gateway: FakeGateway) -> None:
    a_charge("100.00")
    account = MerchantAccount.objects.get()
    PaymentType.objects.filter(label="Cash").update(account=account.clearing_account)
    make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")
    gateway.pay_out(SettlementLine("ch_other", 5000, 0, LineKind.CHARGE, "ch_other"))
    fetch()
    sign_in(client)

    page = text_of(client.get(WAITING))

    assert "Balance of card clearing 80.00 Not cleared 100.00" in page
    assert "Paid out, but not in the books -50.00 Booked here without a charge 30.00" in page


def test_when_all_is_paid_out_the_page_says_so(client: Client, gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    fetch()
    sign_in(client)

    assert "Everything that was charged has been paid out." in text_of(client.get(WAITING))


def test_settlements_are_listed_and_lead_to_their_lines(client: Client, gateway: FakeGateway) -> None:
    charge = a_charge("100.00", make_contact("Ring"))
    gateway.pay_out(
        line_of(charge, fee_minor=320),
        SettlementLine("ch_other", 5000, 175, LineKind.CHARGE, "ch_other"),
        SettlementLine("", 0, 100, LineKind.FEE),
    )
    fetch()
    settlement = Settlement.objects.get()
    sign_in(client, Role.VIEWER)

    listed = client.get(SETTLEMENTS)
    page = text_of(client.get(page_of(settlement)))

    assert f'href="{page_of(settlement)}"' in listed.content.decode()
    assert "1 line to explain" in text_of(listed)
    assert "3 150.00 5.95 144.05" in text_of(listed)
    assert "Gross 150.00 Fees 5.95 Net 144.05" in page
    assert f"Charge C-{charge.pk} · P-{Payment.objects.get().number} Ring 100.00 3.20 96.80" in page
    assert "Charge ch_other Duebook knows no such charge. 50.00 1.75 48.25" in page
    assert "Fee 0.00 1.00 -1.00" in page


def test_only_settlements_with_something_to_explain_are_shown_when_asked(
    client: Client, gateway: FakeGateway
) -> None:
    gateway.pay_out(line_of(a_charge()))
    fetch()
    sign_in(client)

    assert "Nothing is left to explain." in text_of(client.get(f"{SETTLEMENTS}?open=1"))


def test_before_the_first_settlement_the_page_says_when_there_will_be_one(
    client: Client, gateway: FakeGateway
) -> None:
    make_merchant_account()
    sign_in(client)

    assert "Nothing has been paid out yet." in text_of(client.get(SETTLEMENTS))


@pytest.mark.parametrize(
    ("lines", "fields", "remark"),
    [
        (2, {}, "It was settled before."),
        (1, {"net_minor": 9000}, "The lines of the processor do not come to its total."),
        (1, {"currency": "EUR"}, "Charged in USD."),
        (1, {"currency": "USDC"}, "Not booked: the books know no currency USDC."),
    ],
)
def test_what_does_not_match_is_said(
    client: Client, gateway: FakeGateway, lines: int, fields: dict[str, Any], remark: str
) -> None:
    charge = a_charge("100.00")
    gateway.pay_out(*[line_of(charge)] * lines, **fields)
    fetch()
    settlement = Settlement.objects.get()
    sign_in(client)

    assert remark in text_of(client.get(page_of(settlement)))
    assert "to explain" in text_of(client.get(f"{SETTLEMENTS}?open=1"))
    assert client.get(f"{SETTLEMENTS}{settlement.pk}.csv").status_code == 200
    assert client.get("/reports/card-clearing/settlements.csv").status_code == 200


def test_a_settlement_of_a_closed_day_says_when_it_was_booked(client: Client, gateway: FakeGateway) -> None:
    charge = a_charge()
    ClosedPeriod.objects.create(closed_until=day(-1), decided_by_id=1)
    gateway.pay_out(line_of(charge), paid_on=day(-1))
    fetch()
    sign_in(client)

    assert "the day of payment was closed" in text_of(client.get(page_of(Settlement.objects.get())))


def test_another_currency_is_chosen_by_the_address(client: Client, gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00")), currency="EUR")
    fetch()
    sign_in(client)

    page = text_of(client.get(f"{WAITING}?currency=EUR"))

    assert "Balance of card clearing -€100.00" in page
    assert client.get(f"{WAITING}?currency=XXX&account=x&page=y").status_code == 200


def test_another_account_is_chosen_by_the_address(client: Client, gateway: FakeGateway) -> None:
    a_charge("100.00")
    other = make_merchant_account("Other")
    sign_in(client)

    page = client.get(f"{SETTLEMENTS}?account={other.pk}")

    assert "What Other (test) has paid to the bank" in text_of(page)


def test_a_manager_fetches_what_is_new(client: Client, gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    sign_in(client, Role.MANAGER)

    first = client.post(inquiry(), follow=True)
    again = client.post(inquiry(), follow=True)

    assert "1 settlement was fetched." in text_of(first)
    assert "The processor has paid nothing that was not here already." in text_of(again)
    assert Settlement.objects.count() == 1


def test_a_settlement_that_the_processor_names_no_more_is_told(client: Client, gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    fetch()
    gateway.settlements.clear()
    sign_in(client, Role.MANAGER)

    assert "The processor names st_1 no more" in text_of(client.post(inquiry(), follow=True))


def test_a_processor_that_does_not_answer_is_told_of(client: Client, gateway: FakeGateway) -> None:
    a_charge()
    gateway.fail("list_settlements", OutcomeUnknown)
    sign_in(client, Role.MANAGER)

    assert "did not carry this out: scripted" in text_of(client.post(inquiry(), follow=True))


def test_a_clerk_neither_sees_the_button_nor_may_press_it(client: Client, gateway: FakeGateway) -> None:
    a_charge()
    sign_in(client, Role.CLERK)

    assert "Fetch settlements now" not in text_of(client.get(SETTLEMENTS))
    assert client.post(inquiry()).status_code == 403
    assert "list_settlements" not in gateway.calls


def test_a_settlement_that_is_not_there_is_not_found(client: Client) -> None:
    sign_in(client)

    assert client.get(f"{SETTLEMENTS}99/").status_code == 404


def test_the_files_say_what_the_pages_say(client: Client, gateway: FakeGateway) -> None:
    charge, waiting = a_charge("100.00"), a_charge("20.00")
    gateway.pay_out(line_of(charge, fee_minor=320))
    fetch()
    settlement = Settlement.objects.get()
    number = Payment.objects.get(charge_id=waiting.pk).number
    sign_in(client, Role.VIEWER)

    files = [
        client.get(f"/reports/card-clearing{rest}.csv")
        for rest in ("", "/settlements", f"/settlements/{settlement.pk}")
    ]

    today = day().isoformat()
    assert table_of(files[0])[1:] == [
        [today, "Charge", f"C-{waiting.pk}", f"P-{number}", "Acme", "0", "20.00", "USD"]
    ]
    assert table_of(files[1])[1:] == [
        [f"S-{settlement.pk}", "st_1", today, "100.00", "3.20", "96.80", "USD", "1", ""]
    ]
    assert table_of(files[2])[1][:3] == ["Charge", "ch_1", f"C-{charge.pk}"]


@pytest.mark.parametrize("charges", [1, 6])
def test_the_pages_need_as_many_queries_for_few_rows_as_for_many(
    client: Client, gateway: FakeGateway, charges: int, django_assert_num_queries: Any
) -> None:
    acme = make_contact("Acme")
    for _ in range(charges):
        gateway.pay_out(line_of(a_charge("10.00", acme)), line_of(a_charge("10.00", acme)))
        a_charge("10.00", acme)
    fetch()
    sign_in(client, Role.OWNER)
    client.get(WAITING)

    for page, queries in ((WAITING, 7), (SETTLEMENTS, 6), (page_of(Settlement.objects.latest("pk")), 6)):
        with django_assert_num_queries(queries):
            client.get(page)


def a_returned_settlement(gateway: FakeGateway, **fields: Any) -> Settlement:
    gateway.pay_out(line_of(a_charge("100.00"), fee_minor=320), **fields)
    fetch()
    gateway.send_back()
    fetch()
    return Settlement.objects.get()


def test_a_returned_settlement_says_what_became_of_its_money(client: Client, gateway: FakeGateway) -> None:
    settlement = a_returned_settlement(gateway)
    sign_in(client, Role.VIEWER)

    waiting, listed = text_of(client.get(WAITING)), text_of(client.get(SETTLEMENTS))
    page = text_of(client.get(page_of(settlement)))

    assert "Balance of card clearing 96.80 Not cleared 96.80" in waiting
    assert f"Returned settlement S-{settlement.pk}" in waiting
    assert f"S-{settlement.pk} Returned st_1" in listed
    assert "The account is closed." in page
    assert "96.80 was booked back from the bank to card clearing" in page
    assert "96.80 waits there until a later settlement pays it again." in page


def test_once_paid_again_both_settlements_lead_to_each_other(client: Client, gateway: FakeGateway) -> None:
    first = a_returned_settlement(gateway)
    gateway.pay_out(line_of_settlement(gateway.settlements[0]))
    fetch()
    later = Settlement.objects.latest("pk")
    sign_in(client, Role.VIEWER)

    answer = client.get(page_of(later))

    assert "A later settlement has paid it again." in text_of(client.get(page_of(first)))
    assert f"Settlement paid again S-{first.pk} 96.80 0.00 96.80" in text_of(answer)
    assert f'href="{page_of(first)}"' in answer.content.decode()


def test_a_line_that_pays_an_unknown_settlement_again_is_to_be_explained(
    client: Client, gateway: FakeGateway
) -> None:
    make_merchant_account()
    gateway.pay_out(SettlementLine("po_other", 5000, 0, LineKind.SETTLEMENT_RETURNED))
    fetch()
    sign_in(client, Role.VIEWER)

    assert "Duebook knows no such settlement that came back." in text_of(
        client.get(page_of(Settlement.objects.get()))
    )
    assert "1 line to explain" in text_of(client.get(SETTLEMENTS))


def test_the_person_who_asks_is_told_that_one_came_back(client: Client, gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    gateway.send_back()
    sign_in(client, Role.MANAGER)

    page = text_of(client.post(inquiry(), follow=True))

    assert "The bank sent 1 settlement back: it is booked back, and needs a decision." in page


def test_the_files_name_a_returned_settlement(client: Client, gateway: FakeGateway) -> None:
    settlement = a_returned_settlement(gateway)
    sign_in(client, Role.VIEWER)

    waiting, listed = (client.get(f"/reports/card-clearing{rest}.csv") for rest in ("", "/settlements"))

    number, today = f"S-{settlement.pk}", day().isoformat()
    assert table_of(waiting)[1:] == [[today, "Returned settlement", number, "", "", "0", "96.80", "USD"]]
    assert table_of(listed)[1][-1] == today


def test_one_in_a_currency_of_no_books_is_shown_as_it_is(client: Client, gateway: FakeGateway) -> None:
    settlement = a_returned_settlement(gateway, currency="USDC")
    sign_in(client, Role.OWNER)

    assert "The bank sent it back" in text_of(client.get(page_of(settlement)))
    assert client.get("/decisions/").status_code == 200
