"""Disputes of money that is given back otherwise, by a refund or a return: nothing is booked twice."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.gateway_refunds import RefundState
from duebook.gateways.protocol import NothingHappened, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Dispute, Observation, Payment
from duebook.payments.refund_reading import SeenState
from duebook.payments.services.ask_about_refund_now import ask_about_refund_now
from duebook.payments.services.process_webhook import process_webhook
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.settle_gateway_refund import settle_gateway_refund
from tests.factories import SYSTEM, day, key, make_refund, usd
from tests.payments.acts import bounce, move
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import clearing_minor, decide_dispute, open_dispute, tell, told
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_what_had_been_refunded_by_hand_is_not_booked_twice_and_waits_for_a_person(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    make_refund(payment, "40.00", owes=None)

    dispute = open_dispute(gateway)

    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.returned_minor, payment.allocated_minor) == (4000, 6000, 0)
    assert (dispute.taken_minor, dispute.booked_minor, dispute.unbooked_minor) == (10000, 6000, 4000)
    assert dispute.problem.startswith("Not all that the processor took is booked")
    assert decide_dispute(gateway, "won").problem == ""
    payment.refresh_from_db()
    assert (payment.returned_minor, payment.allocated_minor) == (0, 6000)


def test_a_dispute_of_what_was_recorded_as_returned_by_hand_books_its_fee_alone(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    bounce(payment)

    dispute = open_dispute(gateway)

    assert (dispute.booked_minor, dispute.fee_minor) == (0, 1500)
    assert dispute.problem


def test_what_comes_back_after_the_rest_was_returned_by_hand_can_be_given_back(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    open_dispute(gateway, 4000)
    again = {"payment_id": payment.pk, "returned_on": day(), "reason": "Told by letter", "on": day()}
    return_payment(**again, request_key=key(), actor=SYSTEM)

    decide_dispute(gateway, "won")

    payment.refresh_from_db()
    assert (payment.returned_minor, payment.allocated_minor) == (6000, 4000)
    with pytest.raises(errors.AlreadyReturned):
        return_payment(**again, request_key=key(), actor=SYSTEM)
    make_refund(payment, "40.00", owes=None)
    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.allocated_minor, payment.credit_minor) == (4000, 0, 0)


def test_what_is_disputed_is_not_refunded(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    open_dispute(gateway, 7000)

    with pytest.raises(errors.AboveRefundable):
        refund(payment, "40.00")
    refund(payment, "30.00")
    with pytest.raises(errors.AlreadyDisputed):
        refund(payment, "0.01")

    assert gateway.given_back_minor() == 3000
    assert clearing_minor() == -1500


def test_a_dispute_leaves_what_is_being_refunded_and_books_it_if_that_fails(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("void", NothingHappened)
    gateway.fail("refund", OutcomeUnknown)
    attempt = refund(payment, "40.00")
    assert attempt.state == "unknown"

    dispute = open_dispute(gateway)
    assert (dispute.booked_minor, dispute.unbooked_minor) == (6000, 4000)
    give_up(attempt)
    tell()

    dispute.refresh_from_db()
    assert (dispute.booked_minor, dispute.problem) == (10000, "")


def give_up(attempt: Any) -> None:
    settle_gateway_refund(
        attempt_id=attempt.pk,
        seen=SeenState(RefundState.FAILED, problem="No such refund."),
        channel=Observation.Channels.POLL,
    )


def test_a_refund_that_was_under_way_is_booked_beside_the_dispute(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00")
    open_dispute(gateway, 6000)

    ask_about_refund_now(attempt_id=attempt.pk, actor=SYSTEM)

    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.returned_minor, payment.allocated_minor) == (4000, 6000, 0)
    assert Invoice.objects.get().money_back_minor == 10000


def test_credit_that_a_dispute_takes_from_a_refund_under_way_is_owed_and_not_credited(
    gateway: FakeGateway,
) -> None:
    """40.00 of credit are on their way back, nothing is to be owed for them; a dispute takes the credit."""
    payment = a_charged_payment()
    invoice = Invoice.objects.get()
    move(payment, invoice, None, "40.00")
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00", owes_afterwards=usd("0.00"))

    open_dispute(gateway, 4000)
    ask_about_refund_now(attempt_id=attempt.pk, actor=SYSTEM)

    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert (payment.refunded_minor, payment.returned_minor, payment.allocated_minor) == (4000, 4000, 2000)
    assert invoice.balance_due_minor == 8000
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_refund_and_a_dispute_at_once_take_no_more_than_was_captured(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.open_dispute()
    message = told()

    at_once(lambda: process_webhook(message_id=message.pk), lambda: refund(payment, "40.00"))

    charge = Charge.objects.get()
    dispute = Dispute.objects.get()
    payment.refresh_from_db()
    assert charge.refunded_minor + charge.refunding_minor + charge.disputed_minor == 10000
    assert dispute.booked_minor == 10000 - gateway.given_back_minor()
    assert payment.refunded_minor + payment.returned_minor == 10000
