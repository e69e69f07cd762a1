"""Disputes: what the gateway takes is owed again, what it gives back is not, in any order of messages."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from duebook.commissions.models import CommissionEntry
from duebook.domain import errors
from duebook.domain.disputes import DISPUTE_TRANSITIONS, DisputeState
from duebook.domain.money import Money
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.models import WebhookMessage
from duebook.gateways.protocol import DisputeOutcome
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Charge, Dispute, DisputeBooking, Observation, Payment
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.process_webhook import process_webhook
from duebook.payments.services.settle_dispute import settle_dispute
from tests.factories import day, make_invoice, make_partner, make_payment, make_program, usd
from tests.payments.acts import move, use_credit
from tests.payments.charging import a_charged_payment, charge_invoice
from tests.payments.disputing import clearing_minor, decide_dispute, open_dispute, tell, told
from tests.payments.ends import WAYS, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def test_a_dispute_that_takes_the_money_opens_the_invoice_again(gateway: FakeGateway) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    payment = a_charged_payment(lead_partner_id=dana.pk)
    earned = CommissionEntry.objects.get().amount_minor

    dispute = open_dispute(gateway)

    payment.refresh_from_db()
    invoice = Invoice.objects.get()
    assert (dispute.state, dispute.booked_minor, dispute.fee_minor) == ("open", 10000, 1500)
    assert (payment.returned_minor, payment.allocated_minor, payment.credit_minor) == (10000, 0, 0)
    assert (invoice.balance_due_minor, invoice.money_back_minor) == (10000, 10000)
    assert Charge.objects.get().disputed_minor == 10000
    assert clearing_minor() == -1500
    assert CommissionEntry.objects.latest("id").amount_minor == -earned
    assert CommissionEntry.objects.latest("id").cause == "disputed"
    assert dispute.waits_since is not None
    event = Event.objects.get(name="dispute.opened")
    assert event.payload["taken_off"] == [{"invoice_id": invoice.pk, "amount_minor": 10000}]
    assert event.payload["reason"] == "product_not_received"


def test_a_lost_dispute_whose_money_is_gone_already_moves_nothing_more(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)
    before = Transfer.objects.count()

    dispute = decide_dispute(gateway, "lost")

    assert (dispute.state, dispute.booked_minor) == ("lost", 10000)
    assert Transfer.objects.count() == before
    assert dispute.waits_since is not None
    assert Event.objects.filter(name="dispute.lost").count() == 1


def test_a_won_dispute_brings_everything_back_where_it_was(gateway: FakeGateway) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    payment = a_charged_payment(lead_partner_id=dana.pk)
    before = Payment.objects.values().get()
    invoice_before = Invoice.objects.values().get()
    open_dispute(gateway)

    dispute = decide_dispute(gateway, "won")

    assert Payment.objects.values().get(pk=payment.pk) == before
    assert Invoice.objects.values().get() == invoice_before
    assert (dispute.state, dispute.booked_minor, dispute.fee_minor) == ("won", 0, 0)
    assert Charge.objects.get().disputed_minor == 0
    assert clearing_minor() == 10000
    assert sum(CommissionEntry.objects.values_list("amount_minor", flat=True)) == (
        CommissionEntry.objects.earliest("id").amount_minor
    )
    assert CommissionEntry.objects.latest("id").cause == "dispute_won"
    assert dispute.waits_since is None


def test_the_fee_that_the_gateway_keeps_of_a_won_dispute_stays_booked(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)

    dispute = decide_dispute(gateway, "won", fee_minor=1500)

    assert (dispute.booked_minor, dispute.fee_minor) == (0, 1500)
    assert clearing_minor() == 10000 - 1500


def test_a_gateway_that_takes_the_money_when_the_dispute_is_lost_is_followed(gateway: FakeGateway) -> None:
    a_charged_payment()

    opened = open_dispute(gateway, taken_minor=0, fee_minor=0)
    assert (opened.booked_minor, Invoice.objects.get().balance_due_minor) == (0, 0)
    lost = decide_dispute(gateway, "lost", taken_minor=10000, fee_minor=1500)

    assert (lost.state, lost.booked_minor, lost.fee_minor) == ("lost", 10000, 1500)
    assert Invoice.objects.get().balance_due_minor == 10000


def test_an_inquiry_that_becomes_a_dispute_takes_the_money_then(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway, taken_minor=0, fee_minor=0)
    gateway.disputes["dp_1"] = replace(gateway.disputes["dp_1"], taken_minor=10000, fee_minor=1500)

    tell()

    assert Dispute.objects.get().booked_minor == 10000
    assert list(
        Event.objects.filter(name__startswith="dispute").order_by("id").values_list("name", flat=True)
    ) == [
        "dispute.opened",
        "dispute.booked",
    ]


def test_the_same_message_again_changes_nothing(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)
    before = (Transfer.objects.count(), Event.objects.count(), Payment.objects.values().get())

    assert tell() is WebhookMessage.States.PROCESSED

    assert (Transfer.objects.count(), Event.objects.count(), Payment.objects.values().get()) == before
    assert Observation.objects.filter(dispute__isnull=False).count() == 2


def test_messages_in_every_order_end_the_same(gateway: FakeGateway) -> None:
    a_charged_payment()
    charge = Charge.objects.get()
    gateway.open_dispute()
    opened = gateway.disputes["dp_1"]
    seen = [
        replace(opened, taken_minor=0, fee_minor=0),
        opened,
        replace(opened, outcome=DisputeOutcome.LOST),
        replace(opened, outcome=DisputeOutcome.WON, taken_minor=0),
    ]
    ends = set()
    for order in permutations(seen):
        before = transaction.savepoint()
        for answer in (*order, *order):
            settle_dispute(charge_id=charge.pk, answer=answer, channel=Observation.Channels.WEBHOOK)
        dispute = Dispute.objects.get()
        ends.add((dispute.state, dispute.booked_minor, dispute.fee_minor, clearing_minor()))
        transaction.savepoint_rollback(before)

    assert ends == {("won", 0, 1500, 8500)}


def test_a_dispute_that_is_told_before_the_success_of_its_charge_settles_both(gateway: FakeGateway) -> None:
    a_charged_payment_pending(gateway)
    gateway.succeed("ch_1")

    open_dispute(gateway)

    assert Payment.objects.get().returned_minor == 4000
    assert Charge.objects.get().state == "succeeded"


def a_charged_payment_pending(gateway: FakeGateway) -> None:
    charge_invoice(make_invoice("100.00"), token="tok_slow")
    assert not Payment.objects.exists()


def test_a_dispute_of_a_charge_that_is_not_ours_waits_for_a_person(gateway: FakeGateway) -> None:
    a_charged_payment()
    pk = gateway.open_dispute()
    gateway.charges["ch_9"] = replace(gateway.charges["ch_1"], id="ch_9", reference="someone-else")
    gateway.disputes[pk] = replace(gateway.disputes[pk], charge_id="ch_9")
    message = told(pk)

    assert process_webhook(message_id=message.pk) is WebhookMessage.States.FAILED

    message.refresh_from_db()
    assert message.problem == "The processor has a charge that Duebook did not make."
    assert not Dispute.objects.exists()


def test_a_dispute_takes_the_credit_first_and_then_what_was_applied_last(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    make_payment("30.00", invoice=None, contact=payment.contact)
    contact_invoice = make_invoice("50.00", contact=payment.contact)
    first = payment.allocations.get().invoice
    move(payment, first, None, "60.00")
    use_credit(contact_invoice, "50.00")
    payment.refresh_from_db()
    assert (payment.allocated_minor, payment.credit_minor) == (90_00, 10_00)

    open_dispute(gateway, 3000)

    payment.refresh_from_db()
    contact_invoice.refresh_from_db()
    assert (payment.allocated_minor, payment.credit_minor, payment.returned_minor) == (7000, 0, 3000)
    assert contact_invoice.balance_due_minor == 2000


def share(invoice: Invoice, amount: str) -> Any:
    return Share(invoice.pk, usd(amount))


def test_two_disputes_of_one_charge_take_a_part_each(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    open_dispute(gateway, 3000)
    open_dispute(gateway, 2000)
    decide_dispute(gateway, "won", "dp_1")

    payment.refresh_from_db()
    assert (payment.returned_minor, payment.allocated_minor) == (2000, 8000)
    assert Charge.objects.get().disputed_minor == 2000
    assert Invoice.objects.get().money_back_minor == 2000


def test_money_that_an_invoice_no_longer_takes_comes_back_as_credit(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    open_dispute(gateway)
    invoice = Invoice.objects.get()
    make_payment("70.00", invoice=invoice)

    decide_dispute(gateway, "won")

    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert (payment.allocated_minor, payment.credit_minor, payment.returned_minor) == (3000, 7000, 0)
    assert (invoice.balance_due_minor, invoice.money_back_minor) == (0, 0)


def test_a_dispute_in_a_closed_period_is_dated_the_first_open_day(gateway: FakeGateway) -> None:
    a_charged_payment()
    ClosedPeriod.objects.create(closed_until=day(3), decided_by_id=1)

    open_dispute(gateway)
    decide_dispute(gateway, "won")

    booked = Transfer.objects.filter(kind__in=["returned", "processor_fee"])
    assert set(booked.values_list("effective_on", flat=True)) == {day(4)}


def test_a_dispute_in_another_currency_books_nothing_and_waits(gateway: FakeGateway) -> None:
    a_charged_payment()

    dispute = open_dispute(gateway, amount=Money(9000, "EUR"), taken_minor=9000)

    assert (dispute.booked_minor, Invoice.objects.get().balance_due_minor) == (0, 0)
    assert dispute.problem == "Nothing is booked: the dispute is in EUR, the charge is not."


def test_a_won_dispute_that_is_called_lost_afterwards_stays_won_and_waits(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)
    decide_dispute(gateway, "won")

    dispute = decide_dispute(gateway, "lost", taken_minor=10000, fee_minor=1500)

    assert (dispute.state, dispute.booked_minor) == ("won", 0)
    assert dispute.problem == "The processor said that it was won, and afterwards that it was lost."
    assert dispute.waits_since is not None


def test_a_charge_without_a_payment_is_not_found(gateway: FakeGateway) -> None:
    a_charged_payment_pending(gateway)
    gateway.open_dispute(minor=100)

    with pytest.raises(errors.NotFound):
        settle_dispute(
            charge_id=Charge.objects.get().pk,
            answer=gateway.disputes["dp_1"],
            channel=Observation.Channels.WEBHOOK,
        )


def test_the_database_keeps_to_the_table_of_transitions(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway, taken_minor=0, fee_minor=0)
    for state in DisputeState:
        for after in DisputeState:
            point = transaction.savepoint()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("ALTER TABLE payments_dispute DISABLE TRIGGER payments_dispute_transition")
                Dispute.objects.update(
                    state=state.value, ended_at=None if state is DisputeState.OPEN else "2026-01-01T00:00Z"
                )
                cursor.execute("ALTER TABLE payments_dispute ENABLE TRIGGER payments_dispute_transition")
            ended = None if after is DisputeState.OPEN else "2026-01-01T00:00Z"
            if state is after or after in DISPUTE_TRANSITIONS[state]:
                Dispute.objects.update(state=after.value, ended_at=ended)
            else:
                with pytest.raises(IntegrityError, match="never becomes"), transaction.atomic():
                    Dispute.objects.update(state=after.value, ended_at=ended)
            transaction.savepoint_rollback(point)


def test_the_database_refuses_to_count_more_disputed_than_was_captured(gateway: FakeGateway) -> None:
    a_charged_payment()

    with pytest.raises(IntegrityError, match="charge_refunded_within_captured"), transaction.atomic():
        Charge.objects.update(refunded_minor=1, disputed_minor=10000)


@pytest.mark.django_db(transaction=True)
def test_two_messages_at_once_book_the_dispute_once(gateway: FakeGateway) -> None:
    a_charged_payment()
    gateway.open_dispute()
    messages = [told().pk for _ in range(4)]

    in_threads(4, lambda i: process_webhook(message_id=messages[i]))

    assert Dispute.objects.get().booked_minor == 10000
    assert DisputeBooking.objects.count() == 2
    assert Event.objects.filter(name="dispute.opened").count() == 1


DISPUTE_POINTS = [point for point in Point if point.name.startswith("DISPUTE")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ["lost", "won"])
@pytest.mark.parametrize("point", DISPUTE_POINTS)
def test_a_process_that_ends_at_any_point_of_a_dispute_books_what_the_gateway_says(
    gateway: FakeGateway, point: Point, end: str, way: str
) -> None:
    """Each time once: the process ends at the point, and the message is processed again."""
    charge_invoice(make_invoice("100.00"), "100.00", "tok_slow")
    gateway.succeed("ch_1")
    gateway.open_dispute()

    def once(message_id: int) -> None:
        with ending_at(point, way):
            process_webhook(message_id=message_id)
        process_webhook(message_id=message_id)

    once(told().pk)
    gateway.decide_dispute(outcome=end)
    once(told().pk)

    dispute = Dispute.objects.get()
    payment = Payment.objects.get()
    assert dispute.state == end
    assert dispute.booked_minor == payment.returned_minor == gateway.disputed_minor()
    assert dispute.fee_minor == gateway.disputes["dp_1"].fee_minor
    assert clearing_minor() == gateway.taken_minor() - gateway.disputed_minor() - dispute.fee_minor
    assert not WebhookMessage.objects.filter(state="waiting").exists()


@pytest.mark.django_db(transaction=True)
def test_every_point_of_a_dispute_is_reached_by_some_dispute(gateway: FakeGateway) -> None:
    seen: set[Point] = set()
    with at_each_point(seen.add):
        charge_invoice(make_invoice("100.00"), "100.00", "tok_slow")
        gateway.succeed("ch_1")
        open_dispute(gateway)
        decide_dispute(gateway, "won")

    assert seen >= set(DISPUTE_POINTS)
