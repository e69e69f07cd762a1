"""A charge that books restored from a backup have lost is booked again, once, for its own debt alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from duebook.contacts.models import Contact
from duebook.domain.charging import ChargeInput
from duebook.domain.money import Money
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import GatewayRefundRequest, ObjectKind, Outcome
from duebook.invoices.models import Invoice
from duebook.orders.models import Order
from duebook.payments.models import Charge, Payment, PaymentMethod, Refund
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.process_webhook import process_webhook
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment, usd
from tests.payments.ends import Killed
from tests.payments.fake_gateway import FakeGateway, make_card, make_merchant_account
from tests.payments.losing import lose_a_charge, lost_request

pytestmark = pytest.mark.django_db

RECOVERING = [point for point in Point if point.name.startswith("RECOVER")]


def told(object_id: str = "ch_1", kind: ObjectKind = ObjectKind.CHARGE) -> WebhookMessage:
    return WebhookMessage.objects.create(
        merchant_account=MerchantAccount.objects.get(),
        event_id=key(),
        kind="charge.succeeded",
        object_kind=kind.value,
        object_id=object_id,
        occurred_at=timezone.now(),
    )


def is_told(object_id: str = "ch_1", kind: ObjectKind = ObjectKind.CHARGE) -> WebhookMessage:
    message = told(object_id, kind)
    process_webhook(message_id=message.pk)
    message.refresh_from_db()
    return message


def nothing_was_written() -> bool:
    return not (Charge.objects.exists() or Payment.objects.exists())


def test_a_lost_charge_is_booked_for_its_invoice_and_a_person_is_told(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    card = make_card(invoice.contact)
    lose_a_charge(gateway, invoice)

    message = is_told()

    charge = Charge.objects.get()
    assert (charge.state, charge.captured_minor, charge.payment_method) == ("succeeded", 4000, card)
    assert (charge.debts, charge.attempt) == (f"#1 {invoice.pk}:4000", 1)
    assert Payment.objects.get().charge_id == charge.pk
    invoice.refresh_from_db()
    assert invoice.balance_due_minor == 6000
    assert message.state == "failed"
    assert message.problem == (
        f"{charge} of $40.00 was missing from these books, as if they were restored from a backup."
        " It is booked again: look at its contact's payments."
    )
    recovered = Event.objects.get(name="charge.recovered")
    assert (recovered.contact_id, recovered.payload["invoices"]) == (invoice.contact_id, [invoice.pk])


def test_told_again_it_is_booked_once_and_nobody_is_told_twice(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    is_told()

    again = is_told()

    assert (again.state, again.problem) == ("processed", "")
    assert Payment.objects.count() == Charge.objects.count() == 1


def test_a_charge_that_these_books_made_sends_what_it_pays(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    card = make_card(invoice.contact)
    wanted = ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd("40.00")),))

    charge_card(wanted=wanted, request_key=key(), actor=SYSTEM, on=day())

    assert gateway.charges["ch_1"].debts == f"#1 {invoice.pk}:4000"
    sent = gateway.requests[0]
    assert (sent.key, sent.reference) == (lost_request(invoice).key, lost_request(invoice).reference)


def test_the_next_charge_of_the_invoice_is_another_attempt(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    card = make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    is_told()

    wanted = ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd("60.00")),))
    charge_card(wanted=wanted, request_key=key(), actor=SYSTEM, on=day())

    assert gateway.charges["ch_2"].debts == f"#2 {invoice.pk}:6000"
    assert gateway.taken_minor() == 10000


def test_a_card_that_was_lost_too_is_kept_but_is_not_on_file(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice, token="tok_new", customer="cus_new")

    is_told()

    card = PaymentMethod.objects.get(token="tok_new")
    assert (card.contact, card.on_file, card.is_default, str(card)) == (
        invoice.contact,
        False,
        False,
        "Visa •••• 4242",
    )
    assert Charge.objects.get().payment_method == card


def test_money_for_an_invoice_that_was_paid_meanwhile_is_credit(gateway: FakeGateway) -> None:
    invoice = make_invoice("40.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    make_payment("40.00", invoice=invoice)

    is_told()

    lost = Payment.objects.get(charge_id=Charge.objects.get().pk)
    assert (lost.amount_minor, lost.allocated_minor) == (4000, 0)


def test_one_that_is_not_carried_out_is_left_alone(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    gateway.create(lost_request(invoice))

    message = is_told()

    assert message.state == "processed"
    assert nothing_was_written()
    assert gateway.charges["ch_1"].outcome is Outcome.NOT_CONFIRMED


@pytest.mark.parametrize(
    "fields",
    [
        {"reference": "duebook-0123456789abcdef0123456789abcdef"},
        {"reference": "of another program"},
        {"debts": ""},
        {"debts": "#2 {pk}:4000"},
        {"debts": "#1 {pk}:3999"},
        {"debts": "#1 999999:4000"},
        {"amount": Money(4000, "EUR")},
    ],
)
def test_one_that_these_books_did_not_make_is_for_a_person_to_look_at(
    gateway: FakeGateway, fields: dict[str, Any]
) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    if "debts" in fields:
        fields = {"debts": fields["debts"].format(pk=invoice.pk)}
    lose_a_charge(gateway, invoice, **fields)

    message = is_told()

    assert message.state == "failed"
    assert message.problem.endswith("that Duebook did not make.")
    assert nothing_was_written()


def test_an_order_that_got_the_lost_ones_number_is_not_paid_by_its_charge(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    Order.objects.filter(invoice=invoice).update(created_at=timezone.now() + timedelta(hours=1))

    message = is_told()

    assert "did not make" in message.problem
    assert nothing_was_written()


def test_a_card_of_another_contact_pays_nothing_here(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(make_contact("Somebody Else"), customer="cus_1")
    lose_a_charge(gateway, invoice)

    assert "did not make" in is_told().problem
    assert nothing_was_written()


def test_the_same_attempt_at_another_account_is_for_a_person_to_look_at(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    card = make_card(invoice.contact)
    wanted = ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd("40.00")),))
    charge_card(wanted=wanted, request_key=key(), actor=SYSTEM, on=day())
    message = told()
    message.merchant_account = make_merchant_account("Second shop")
    message.save()

    process_webhook(message_id=message.pk)

    message.refresh_from_db()
    assert (message.state, message.problem.partition(" that ")[2]) == ("failed", "Duebook did not make.")
    assert Charge.objects.count() == Payment.objects.count() == 1


def test_a_refund_told_first_brings_its_lost_charge_with_it(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    charge = lose_a_charge(gateway, invoice)
    refunded = gateway.refund(GatewayRefundRequest("k", "duebook-lost", charge.id, Money(1000, "USD")))

    message = is_told(refunded.id, ObjectKind.REFUND)

    assert Refund.objects.get().amount_minor == 1000
    assert "was missing from these books" in message.problem


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", RECOVERING)
def test_a_process_that_ends_while_it_recovers_loses_and_doubles_nothing(
    gateway: FakeGateway, point: Point
) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice, token="tok_new")
    message = told()
    seen: list[Point] = []

    def at(reached: Point) -> None:
        seen.append(reached)
        if reached is point:
            raise Killed

    with at_each_point(at), pytest.raises(Killed):
        process_webhook(message_id=message.pk)
    process_webhook(message_id=message.pk)

    assert point in seen
    assert Payment.objects.get().amount_minor == gateway.taken_minor() == 4000
    assert Charge.objects.get().state == "succeeded"
    assert Invoice.objects.get().balance_due_minor == 6000
    assert Contact.objects.count() == 1
