"""Refunding a charged payment: back to its card through the gateway, or by hand where that is refused."""

from typing import Any

import pytest
from django.test import Client

from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Right, Role
from duebook.gateways.protocol import Busy, NothingHappened, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod
from duebook.payments.models import Charge, GatewayRefund, Payment, Refund
from duebook.payments.services.ask_about_refund import ask_about_refund
from duebook.staff.models import RoleLimit
from tests.factories import day
from tests.payments.charging import a_charged_payment, its_turn
from tests.payments.fake_gateway import FakeGateway
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def url_of(payment: Payment) -> str:
    return f"/payments/{payment.pk}/refunds/"


def send(client: Client, payment: Payment, **typed: Any) -> Any:
    page = client.get(url_of(payment))
    return client.post(url_of(payment), fields_of(page, **{"amount": "40", "reason": "Late", **typed}))


def poll(client: Client, payment: Payment) -> Any:
    return client.get(f"/payments/{payment.pk}/", headers={"HX-Target": "refund-under-way"})


def test_the_card_is_offered_first_and_chosen(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.MANAGER)
    payment = a_charged_payment()

    page = client.get(url_of(payment))

    form, text = page.context["form"], text_of(page)
    assert form["account"].value() == "card"
    assert [label for _value, label in form.fields["account"].choices] == [
        "Back to Visa •••• 4242",
        "Check or transfer, from Bank",
        "Cash, from Undeposited funds",
        "Card terminal, from Card clearing",
    ]
    assert "How Back to Visa •••• 4242 Sandbox TEST Check or transfer, from Bank" in text
    assert "Refund to the card Record Refund" in text
    assert "How much should the customer owe afterwards?" in text
    assert "Customer credit debit Card clearing Sandbox credit 100.00" in text
    assert gateway.calls == ["create", "confirm"]


def test_given_back_says_the_new_balance_and_shows_the_attempt(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.MANAGER)
    payment = a_charged_payment()
    invoice = Invoice.objects.get()

    answer = send(client, payment)

    assert answer.url == f"/payments/{payment.pk}/"
    text = text_of(client.get(answer.url))
    said = f"40.00 of {payment} went back to Visa •••• 4242. Balance due of {invoice}: 40.00."
    assert said in text
    assert "Given back 40.00" in text
    assert "Card clearing Sandbox Late 40.00" in text
    assert "Card Visa •••• 4242 · Sandbox TEST" in text
    assert "begun" not in text
    assert gateway.given_back_minor() == 4000


@pytest.mark.parametrize(
    ("typed", "balance", "label", "lowered", "said"),
    [
        ({"owes": "all"}, 4000, None, 0, "40.00 is owed again."),
        ({"owes": "credit"}, 0, "Adjustment", 4000, "40.00 is credited and not owed any more."),
        ({"owes": "write_off"}, 0, "Write-off", 4000, "40.00 is written off and not owed any more."),
        (
            {"owes": "other", "owes_amount": "15", "rest": "credit"},
            1500,
            "Adjustment",
            2500,
            "15.00 is owed again. 25.00 is credited and not owed any more.",
        ),
    ],
)
def test_each_answer_to_what_is_owed_afterwards_is_previewed_and_done(
    client: Client,
    gateway: FakeGateway,
    typed: dict[str, str],
    balance: int,
    label: str | None,
    lowered: int,
    said: str,
) -> None:
    sign_in(client, Role.MANAGER)
    payment = a_charged_payment()
    before = everything()

    panel = text_of(send(client, payment, preview="1", **typed))
    assert everything() == before
    send(client, payment, **typed)

    made = Payment.objects.latest("id")
    assert said in panel
    assert Invoice.objects.get().balance_due_minor == balance
    assert gateway.given_back_minor() == 4000
    if label:
        assert (made.payment_type.label, made.amount_minor) == (label, lowered)
    else:
        assert made == payment


def test_day_and_reference_are_not_asked_for_the_card(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)

    answer = send(client, a_charged_payment(), refunded_on="2000-01-01", reference="x" * 101)

    row = Refund.objects.get()
    assert answer.status_code == 302
    assert (row.refunded_on, row.reference, row.means) == (day(), "", "gateway")


def test_a_refusal_about_the_day_stands_above_the_form(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    page = client.get(url_of(payment))
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)

    answer = client.post(url_of(payment), fields_of(page, amount="40", reason="Late"))

    assert answer.status_code == 422
    assert "refunded_on" not in answer.context["form"].errors
    assert text_of(answer).count("closed") == 2
    assert gateway.given_back_minor() == 0


def test_refused_records_nothing_and_offers_the_manual_refund(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)

    refused = send(client, payment, owes="other", owes_amount="15", rest="write_off")

    text = text_of(refused)
    assert refused.status_code == 422
    assert "Nothing went back, and nothing is recorded. The card processor says: “scripted”" in text
    assert "Record it as a manual refund" in text
    assert (Refund.objects.count(), gateway.given_back_minor()) == (0, 0)
    assert Invoice.objects.get().balance_due_minor == 0
    assert refused.context["form"]["account"].value() == "card"

    by_hand = client.post(url_of(payment), fields_of(refused, preview="by-hand"))

    form = by_hand.context["form"]
    assert by_hand.status_code == 200
    assert form["account"].value() == str(int(Sys.BANK))
    assert [form[name].value() for name in ("amount", "reason", "owes", "owes_amount", "rest")] == [
        "40",
        "Late",
        "other",
        "15",
        "write_off",
    ]
    assert "Customer credit debit Bank credit 40.00" in text_of(by_hand)
    assert Refund.objects.count() == 0

    done = client.post(url_of(payment), fields_of(by_hand))

    row = Refund.objects.get()
    assert (row.means, row.account_id, row.amount_minor) == ("by_hand", Sys.BANK, 4000)
    text = text_of(client.get(done.url))
    assert f"40.00 of {payment} is refunded." in text
    assert "Refused scripted 40.00" in text
    attempt = GatewayRefund.objects.get()
    assert f"Refund {attempt} of 40.00 to the card not carried out. Nothing went back. scripted" in text


def test_a_refused_refund_can_be_sent_to_the_card_again(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)
    refused = send(client, payment)

    again = client.post(url_of(payment), fields_of(refused))

    assert again.status_code == 302
    assert gateway.given_back_minor() == 4000
    assert [one.state for one in GatewayRefund.objects.order_by("id")] == ["failed", "succeeded"]


@pytest.mark.parametrize("error", [OutcomeUnknown, Busy])
def test_unknown_is_said_until_it_is_known(
    client: Client, gateway: FakeGateway, error: type[Exception]
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    gateway.fail("refund", error, after_effect=True)

    answer = send(client, payment)

    page = client.get(answer.url)
    text = text_of(page)
    assert (
        "Unknown: we are asking the processor whether 40.00 went back to Visa •••• 4242. Until that is known,"
        " nothing else can be done with the money of this payment. Reload"
    ) in text
    assert f"Refund of 40.00 of {payment} to the card begun; its outcome is not known yet." in text
    acts = page.context["acts"]
    assert [acts.undo, acts.correct, acts.take_back, acts.refund, acts.move] == [False] * 5
    late = client.get(url_of(payment))
    assert late.status_code == 409
    assert f"Money of {payment} is being given back, and the outcome is not known yet." in text_of(late)
    waiting = poll(client, payment)
    assert (waiting.status_code, waiting.content) == (204, b"")

    attempt = GatewayRefund.objects.get()
    its_turn(attempt)
    ask_about_refund(attempt_id=attempt.pk)

    assert poll(client, payment).headers["HX-Refresh"] == "true"
    text = text_of(client.get(answer.url))
    invoice = Invoice.objects.get()
    said = f"40.00 of {payment} went back to Visa •••• 4242. Balance due of {invoice}: 40.00."
    assert said in text
    assert "Unknown" not in text
    assert gateway.given_back_minor() == 4000


def test_unknown_that_turns_out_refused_says_so(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown)
    send(client, payment)
    gateway.fail("refund", NothingHappened)
    attempt = GatewayRefund.objects.get()
    its_turn(attempt)
    ask_about_refund(attempt_id=attempt.pk)

    poll(client, payment)

    page = client.get(f"/payments/{payment.pk}/")
    said = "Nothing went back, and nothing is recorded. The card processor says: “scripted”"
    assert said in text_of(page)
    assert page.context["acts"].refund


def test_a_refund_sent_twice_gives_back_once(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    sent = fields_of(client.get(url_of(payment)), amount="40", reason="Late")

    answers = [client.post(url_of(payment), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert (Refund.objects.count(), gateway.given_back_minor()) == (1, 4000)


def test_a_charged_payment_can_still_be_refunded_by_hand(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)

    send(client, a_charged_payment(), account=str(int(Sys.UNDEPOSITED_FUNDS)), reference="from the till")

    row = Refund.objects.get()
    assert (row.means, row.account_id, row.reference) == (
        "by_hand",
        Sys.UNDEPOSITED_FUNDS,
        "from the till",
    )
    assert gateway.given_back_minor() == 0


@pytest.mark.broken_books
def test_more_than_the_processor_holds_leaves_the_form_usable(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()
    Charge.objects.update(refunded_minor=7000)

    page = client.get(url_of(payment))

    assert page.status_code == 200
    assert "The card processor holds only 30.00 of this charge." in text_of(page)
    assert send(client, payment, amount="31").status_code == 409
    assert send(client, payment, amount="30", account=str(int(Sys.BANK))).status_code == 302


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK])
def test_who_may_not_refund_sends_nothing(client: Client, gateway: FakeGateway, role: Role) -> None:
    sign_in(client, role)
    payment = a_charged_payment()
    before = everything()

    answers = [
        client.get(url_of(payment)),
        client.post(url_of(payment), {"account": "card", "amount": "40", "reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert everything() == before
    assert gateway.given_back_minor() == 0


def test_a_limit_of_the_role_holds(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.MANAGER)
    RoleLimit.objects.create(role="manager", right=Right.REFUND.value, currency="USD", amount_minor=3000)
    payment = a_charged_payment()

    answer = send(client, payment)

    assert answer.status_code == 422
    assert "40.00 is above your limit of 30.00." in text_of(answer)
    assert gateway.given_back_minor() == 0


def test_undoing_a_charged_payment_says_to_refund_it(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    payment = a_charged_payment()

    page = client.get(f"/payments/{payment.pk}/")
    answer = client.get(f"/payments/{payment.pk}/reversal/")

    assert "It was charged to a card, so it cannot be undone: refund it instead." in text_of(page)
    assert answer.status_code == 422
    assert text_of(answer).endswith(
        f"A card was charged for {payment}: refund it instead of undoing it. Refund Back to the payment"
    )
    assert url_of(payment) in answer.content.decode()


@pytest.mark.parametrize("refunds", [1, 3])
def test_the_pages_read_no_more_for_more_refunds(
    client: Client, gateway: FakeGateway, refunds: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    payment = a_charged_payment()
    for _ in range(refunds):
        send(client, payment, amount="10")
    client.get(f"/payments/{payment.pk}/")

    with django_assert_num_queries(23):
        client.get(url_of(payment))
    with django_assert_num_queries(15):
        client.get(f"/payments/{payment.pk}/")
