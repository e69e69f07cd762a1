"""Credit Card (charge now) in the payment form: when it is offered, what it asks, what comes of it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.permissions import RIGHTS_OF, Right, Role
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Misconfigured, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Payment
from duebook.staff.models import RoleLimit
from duebook.web.words.charges import declined_words
from tests.factories import make_contact, make_invoice, make_partner, make_payment, make_program, payment_type
from tests.payments.fake_gateway import DECLINES, FakeGateway, make_card, make_merchant_account
from tests.web.charge_form import CHARGE_NOW, charge, choose_charge, confirm, sent_by
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import add_url, open_form, options_of, preview, send

pytestmark = pytest.mark.django_db

BUTTON = "Charge card and apply payment"


def balance_of(invoice: Invoice) -> int:
    return Invoice.objects.get(pk=invoice.pk).balance_due_minor


def test_it_is_offered_once_a_merchant_account_is_in_use_and_never_preselected(client: Client) -> None:
    carl = sign_in(client, Role.CLERK)
    invoice = make_invoice()

    without = options_of(open_form(client, invoice.contact_id), "payment_type")
    account = make_merchant_account()
    page = open_form(client, invoice.contact_id)
    offered = options_of(page, "payment_type")
    carl.last_payment_type_id = payment_type(CHARGE_NOW).pk
    carl.save(update_fields=["last_payment_type_id"])
    again = open_form(client, invoice.contact_id)
    MerchantAccount.objects.filter(pk=account.pk).update(active=False)
    inactive = options_of(open_form(client, invoice.contact_id), "payment_type")

    assert without == inactive == ["Credit Card", "Check", "Cash", "Money Order"]
    assert offered == [CHARGE_NOW, "Credit Card", "Check", "Cash", "Money Order"]
    for one in (page, again):
        assert one.context["form"]["payment_type"].value() == payment_type("Check").pk
        assert 'data-apply type="submit">Apply Payment</button>' in one.content.decode()


def test_only_those_with_the_right_are_offered_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RIGHTS_OF, Role.CLERK, RIGHTS_OF[Role.CLERK] - {Right.CHARGE_CARDS})
    sign_in(client, Role.CLERK)
    invoice = make_invoice()
    make_card(invoice.contact)

    page = open_form(client, invoice.contact_id)
    forced = send(client, page, payment_type=payment_type(CHARGE_NOW).pk, payment_method="1", confirmed="x")

    assert CHARGE_NOW not in options_of(page, "payment_type")
    assert "•••• 4242" not in text_of(page)
    assert forced.status_code == 422
    assert not Charge.objects.exists()


def test_an_amount_on_account_and_a_correction_do_not_offer_it(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_card(acme)
    payment = make_payment("10.00", invoice=make_invoice(contact=acme))

    on_account = open_form(client, acme.pk, "account")
    correction = client.get(f"/payments/{payment.pk}/correction/")

    assert CHARGE_NOW not in options_of(on_account, "payment_type")
    assert CHARGE_NOW not in options_of(correction, "payment_type")
    assert "payment_method" not in on_account.context["form"].fields


def test_the_cards_on_file_stand_with_expiry_and_account_the_default_first(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_invoice(contact=acme)
    live = make_merchant_account("Main", live=True)
    test = make_merchant_account("Try")
    make_card(acme, "tok_a", last_four="1111", merchant_account=live)
    make_card(acme, "tok_b", last_four="2222", merchant_account=test, is_default=True, exp_month=3)
    make_card(acme, "tok_c", last_four="3333", merchant_account=live, exp_year=2025)
    make_card(acme, "tok_d", last_four="4444", merchant_account=live, active=False)
    make_card(make_contact("Other"), "tok_e", last_four="5555", merchant_account=live)

    page = open_form(client, acme.pk)

    text = text_of(page)
    first, expired, last = (text.index(f"Visa •••• {four}") for four in ("2222", "3333", "1111"))
    assert first < expired < last
    assert "Visa •••• 2222 expires 03/40 · default · Try TEST" in text
    assert "Visa •••• 3333 expired 12/25 · Main Visa" in text
    assert "Visa •••• 1111 expires 12/40 · Main Send a pay link" in text
    assert "4444" not in text
    assert "5555" not in text
    form = page.context["form"]
    assert form.chosen_card.card.last_four == "2222"
    assert page.content.decode().count('name="payment_method"') == 3
    assert [choice.can_be_charged for choice in form.card_choices] == [True, False, True]


def test_without_a_card_on_file_the_form_says_so_and_how_one_gets_there(client: Client) -> None:
    sign_in(client)
    make_merchant_account()
    invoice = make_invoice()

    page = open_form(client, invoice.contact_id)
    answer = choose_charge(client, invoice.contact_id)

    assert "There is no card on file for Acme. Add a card" in text_of(page)
    assert f'href="/contacts/{invoice.contact_id}/cards/">Add a card</a>' in page.content.decode()
    assert answer.status_code == 422
    assert "There is no card on file to charge." in text_of(answer)


def test_before_charging_amount_card_and_customer_are_named(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("480.00", contact=make_contact("Keller Studio", given_name="Marta"))
    make_card(invoice.contact)

    step = choose_charge(client, invoice.contact_id, amount="300.00", notes="by phone")

    text = text_of(step)
    assert step.status_code == 200
    assert "Charge this card?" in text
    assert "Amount $300.00 Card Visa •••• 4242 expires 12/40 Merchant account Sandbox TEST" in text
    assert f"Customer Marta · Keller Studio Invoice {invoice} 300.00 {BUTTON} Back" in text
    assert "Balance due now 480.00 → after 180.00" in text
    assert sent_by(step)["notes"] == "by phone"
    assert gateway.calls == []
    assert not Charge.objects.exists()


def test_while_the_processor_is_asked_what_the_books_lack_the_form_is_kept(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("480.00")
    make_card(invoice.contact)
    MerchantAccount.objects.update(fenced_since=timezone.now())

    step = choose_charge(client, invoice.contact_id, amount="300.00", notes="by phone")

    assert step.status_code == 422
    assert "Sandbox is paused for a moment: these books may lack what was charged lately" in text_of(step)
    assert "by phone" in step.content.decode()
    assert gateway.calls == []


def test_confirmed_it_charges_the_card_and_goes_back_with_the_new_balance(
    client: Client, gateway: FakeGateway
) -> None:
    carl = sign_in(client, Role.CLERK)
    invoice = make_invoice("480.00")
    make_card(invoice.contact)

    answer = charge(client, invoice.contact_id, amount="300.00", email_receipt="on", notes="by phone")

    payment = Payment.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/contacts/{invoice.contact_id}/orders/"
    page = client.get(answer.url)
    assert f"Payment {payment} of 300.00 applied to {invoice} . Balance due is now 180.00 ." in text_of(page)
    html = page.content.decode()
    assert f'href="/payments/{payment.pk}/receipt/">Receipt</a>' in html
    assert ">Undo</a>" not in html
    assert (payment.amount_minor, payment.notes, payment.recorded_by_id) == (30000, "by phone", carl.pk)
    assert payment.payment_type.label == CHARGE_NOW
    assert gateway.captures == {"ch_1": 1}
    assert balance_of(invoice) == 18000
    job = ProcrastinateJob.objects.get(task_name="email_receipt")
    assert job.args == {"payment_id": payment.pk}
    carl.refresh_from_db()
    assert carl.last_payment_type_id is None


def test_who_came_from_the_order_goes_back_to_it(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice()
    make_card(invoice.contact)

    answer = charge(client, invoice.contact_id, f"invoice={invoice.pk}&from=order")

    assert answer.url == f"/orders/{invoice.order_id}/"
    payment = Payment.objects.get()
    assert f"Charge C-{payment.charge_id}" in text_of(client.get(f"/payments/{payment.pk}/"))


def test_the_same_form_sent_again_charges_once(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    step = choose_charge(client, invoice.contact_id, amount="80.00")

    first, second = confirm(client, step), confirm(client, step)

    assert first.status_code == second.status_code == 302
    assert first.url == second.url
    assert gateway.captures == {"ch_1": 1}
    assert (Charge.objects.count(), Payment.objects.count()) == (1, 1)
    assert balance_of(invoice) == 2000


def test_what_was_not_confirmed_is_asked_about_again(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    step = choose_charge(client, invoice.contact_id, amount="80.00")

    other = confirm(client, step, amount="90.00")

    assert other.status_code == 200
    assert "Amount $90.00" in text_of(other)
    assert gateway.calls == []


def test_back_shows_the_form_as_it_was_typed(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    step = choose_charge(client, invoice.contact_id, amount="80.00", notes="by phone")

    page = client.post(step.context["purpose"].preview_url, sent_by(step))

    form = page.context["form"]
    assert (form["amount"].value(), form["notes"].value()) == ("80.00", "by phone")
    assert f'data-apply type="submit">{BUTTON}</button>' in page.content.decode()


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("tok_no_funds", declined_words("insufficient funds")),
        ("tok_stolen", "The bank declined this card. Ask for another card."),
    ],
)
def test_a_decline_keeps_the_form_and_says_why(
    client: Client, gateway: FakeGateway, token: str, words: str
) -> None:
    sign_in(client, Role.CLERK)
    invoice = make_invoice("100.00")
    make_card(invoice.contact, token)

    answer = charge(client, invoice.contact_id, amount="80.00", notes="by phone")

    assert token in DECLINES
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.non_field_errors()) == [f"{words} Nothing was charged."]
    assert words in text_of(answer)
    assert (form["amount"].value(), form["notes"].value()) == ("80.00", "by phone")
    assert not Payment.objects.exists()
    assert balance_of(invoice) == 10000


def test_after_a_decline_the_form_sent_again_is_another_attempt(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact, "tok_no_funds", is_default=True)
    good = make_card(invoice.contact, last_four="1881")
    declined = charge(client, invoice.contact_id)

    step = send(client, declined, payment_method=good.pk)
    answer = confirm(client, step)

    assert answer.status_code == 302
    assert sorted(Charge.objects.values_list("state", flat=True)) == ["declined", "succeeded"]
    assert balance_of(invoice) == 0


def test_a_processor_that_cannot_be_reached_charges_nothing(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    gateway.fail("create", Misconfigured)

    answer = charge(client, invoice.contact_id)
    again = confirm(client, send(client, answer))

    assert answer.status_code == 422
    assert "The processor could not be reached. No card was charged. Try again." in text_of(answer)
    assert again.status_code == 302
    assert gateway.taken_minor() == 10000


@pytest.mark.parametrize("token", ["tok_action", "tok_slow"])
def test_an_outcome_that_is_to_come_leads_to_the_page_of_the_charge(
    client: Client, gateway: FakeGateway, token: str
) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact, token)

    answer = charge(client, invoice.contact_id)

    assert answer.url == f"/charges/{Charge.objects.get().pk}/"


def test_an_unknown_outcome_blocks_the_invoice(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)

    answer = charge(client, invoice.contact_id, amount="80.00")
    under_way = Charge.objects.get()
    second = choose_charge(client, invoice.contact_id, amount="20.00")

    assert answer.url == f"/charges/{under_way.pk}/"
    assert second.status_code == 409
    assert f"A card is being charged for {invoice}, and its outcome is not known yet." in text_of(second)
    assert f'href="/charges/{under_way.pk}/">charge under way</a>' in second.content.decode()
    assert Charge.objects.count() == 1


def test_more_than_the_balance_due_is_refused(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)

    answer = choose_charge(client, invoice.contact_id, amount="100.01", surplus="keep")

    assert answer.status_code == 422
    assert "A charge is at most the balance due of 100.00." in text_of(answer)
    assert answer.context["surplus"] is None


def test_a_balance_that_changed_meanwhile_is_told(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    step = choose_charge(client, invoice.contact_id)
    make_payment("60.00", invoice=invoice)

    answer = confirm(client, step)

    assert answer.status_code == 409
    assert f"The balance due of {invoice} is now 40.00" in text_of(answer)
    assert gateway.calls == []


def test_the_hidden_date_and_reference_are_not_what_is_recorded(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    make_card(invoice.contact)

    answer = charge(client, invoice.contact_id, received_on="not a day", reference="4471")

    assert answer.status_code == 302
    payment = Payment.objects.get()
    assert payment.reference == f"C-{payment.charge_id}"


def test_a_charge_is_split_over_several_invoices(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("30.00", contact=acme)
    make_card(acme)
    parts = {f"part_{first.pk}": "100.00", f"part_{second.pk}": "10.00"}

    refused = choose_charge(client, acme.pk, "split", amount="120.00", **parts)
    step = choose_charge(client, acme.pk, "split", amount="110.00", **parts)
    answer = confirm(client, step)

    assert "A charge takes exactly what the invoices get: 110.00 so far. Make the two equal." in text_of(
        refused
    )
    assert f"Invoice {first} 100.00 {second} 10.00 {BUTTON}" in text_of(step)
    assert answer.status_code == 302
    assert (balance_of(first), balance_of(second)) == (0, 2000)
    assert list(Charge.objects.get().lines.order_by("id").values_list("amount_minor", flat=True)) == [
        10000,
        1000,
    ]
    assert gateway.taken_minor() == 11000


def test_a_limit_of_the_role_holds(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    RoleLimit.objects.create(
        role=Role.CLERK.value, right=Right.CHARGE_CARDS.value, currency="USD", amount_minor=5000
    )
    invoice = make_invoice("100.00")
    make_card(invoice.contact)

    answer = choose_charge(client, invoice.contact_id)

    assert answer.status_code == 422
    assert "50.00" in text_of(answer)
    assert not Charge.objects.exists()


def test_the_preview_shows_balances_commissions_and_card_clearing(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    card = make_card(invoice.contact)
    page = open_form(client, invoice.contact_id)

    panel = preview(
        client, page, payment_type=payment_type(CHARGE_NOW).pk, payment_method=card.pk, amount="40.00"
    )

    text = text_of(panel)
    assert "Balance due now 100.00 → after 60.00" in text
    assert "Dana lead · level 1" in text
    assert "4.00" in text
    assert "Card clearing Sandbox debit Customer credit credit 40.00" in text
    foot = "No card is charged until you confirm. Money that was charged goes back only as a refund."
    assert foot in text
    assert gateway.calls == []


def test_a_viewer_charges_nothing(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.VIEWER)
    invoice = make_invoice()
    make_card(invoice.contact)

    answer = client.post(add_url(invoice.contact_id), {"payment_type": payment_type(CHARGE_NOW).pk})

    assert answer.status_code == 403
    assert gateway.calls == []


def test_the_form_asks_two_queries_more_than_without_cards(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_card(acme)
    counts = []
    for _round in range(2):
        last = [make_invoice(contact=acme) for _ in range(10)][-1]
        make_card(acme, f"tok_{_round}")
        with CaptureQueriesContext(connection) as queries:
            open_form(client, acme.pk, f"invoice={last.pk}")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 14


def test_charging_costs_the_same_however_much_there_is(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    acme = make_contact()
    make_card(acme)
    counts = []
    for _round in range(2):
        for _ in range(5):
            make_payment("1.00", invoice=make_invoice(contact=acme))
        step = choose_charge(client, acme.pk, f"invoice={make_invoice(contact=acme).pk}", amount="10.00")
        with CaptureQueriesContext(connection) as queries:
            confirm(client, step)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 37
    assert gateway.calls == ["create", "confirm"] * 2


def test_nobody_can_take_the_key_under_which_a_charge_will_be_booked(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client, Role.CLERK)
    first, second = make_invoice("100.00"), make_invoice("100.00")
    make_card(first.contact)
    card = make_card(second.contact, "tok_ok/2")
    charge(client, first.contact_id)

    taken = {"request_key": f"charge:{Charge.objects.get().pk + 1}"}
    client.post(f"/cards/{card.pk}/default/", taken)
    charge(client, second.contact_id)

    assert [balance_of(first), balance_of(second)] == [0, 0]
    card.refresh_from_db()
    assert not card.is_default
