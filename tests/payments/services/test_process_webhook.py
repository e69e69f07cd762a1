"""A message of a gateway says where to look; what is seen there is settled, in any order and any number."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from duebook.domain.errors import NotFound
from duebook.domain.money import Money
from duebook.domain.refunding import RefundInput
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import (
    GatewayRefundRequest,
    NothingHappened,
    ObjectKind,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
)
from duebook.payments.models import Charge, GatewayRefund, Observation, Payment, Refund, Settlement
from duebook.payments.points import Point
from duebook.payments.services.process_webhook import MOST_TRIES, WebhookNotProcessed, process_webhook
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.to_decide import count_to_decide, failed_messages, refunds_that_came_back
from tests.factories import SYSTEM, day, key, make_invoice, usd
from tests.past_the_guards import past_the_guards
from tests.payments.charging import charge_invoice
from tests.payments.ends import WAYS, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund
from tests.payments.settling import a_charge, a_refund, line_of

pytestmark = pytest.mark.django_db


def message(object_id: str = "ch_1", **fields: Any) -> WebhookMessage:
    return WebhookMessage.objects.create(
        **{
            "merchant_account": MerchantAccount.objects.get(),
            "event_id": key(),
            "kind": "charge.updated",
            "object_kind": ObjectKind.CHARGE.value,
            "object_id": object_id,
            "occurred_at": timezone.now(),
            **fields,
        }
    )


def test_a_message_settles_its_charge_by_what_the_gateway_says_now(gateway: FakeGateway) -> None:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    told = message()

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED
    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    assert Payment.objects.get().charge_id == made.pk
    assert Observation.objects.filter(channel="webhook").count() == 1


def test_a_message_that_arrives_before_the_reply_is_settled_by_our_name_for_the_charge(
    gateway: FakeGateway,
) -> None:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    Charge.objects.filter(pk=made.pk).update(gateway_id="")
    gateway.succeed("ch_1")

    process_webhook(message_id=message().pk)

    made.refresh_from_db()
    assert (made.state, made.gateway_id) == ("succeeded", "ch_1")


def test_a_success_of_a_charge_that_restored_books_have_not_sent_yet_is_booked(gateway: FakeGateway) -> None:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    with past_the_guards():
        Charge.objects.update(state="created", gateway_id="", sent_at=None, ask_at=None)

    process_webhook(message_id=message().pk)

    made.refresh_from_db()
    assert (made.state, made.gateway_id) == ("succeeded", "ch_1")
    assert Payment.objects.get().charge_id == made.pk


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(6))
def test_six_messages_in_all_orders_and_twice_end_the_same(gateway: FakeGateway, first: int) -> None:
    """Of the 720 orders the 120 that begin so, each in a savepoint of its own."""
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    pending = gateway.charges["ch_1"]
    gateway.succeed("ch_1")
    # What the gateway says when each message is processed; some of it is out of date by then.
    answers = [
        gateway.charges["ch_1"],
        pending,
        replace(pending, outcome=Outcome.NOT_CONFIRMED),
        replace(pending, outcome=Outcome.REQUIRES_ACTION, action_url="https://bank.example"),
        replace(pending, outcome=Outcome.DECLINED),
        replace(pending, outcome=Outcome.CANCELLED),
    ]
    told = [[message().pk for _ in range(2)] for _ in answers]
    ends = set()
    for order in (one for one in permutations(range(6)) if one[0] == first):
        before = transaction.savepoint()
        for turn in range(2):
            for place in order:
                gateway.charges["ch_1"] = answers[place]
                process_webhook(message_id=told[place][turn])
        made.refresh_from_db()
        payment = Payment.objects.get()
        ends.add((made.state, payment.amount_minor, payment.allocated_minor))
        transaction.savepoint_rollback(before)

    assert ends == {("succeeded", 4000, 4000)}


def test_a_charge_that_is_not_ours_waits_for_a_person(gateway: FakeGateway) -> None:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    seen = gateway.charges["ch_1"]
    gateway.charges["ch_9"] = type(seen)(
        "ch_9", seen.outcome, usd("5.00"), "someone-else", seen.created_at, captured_minor=500
    )
    told = message("ch_9")

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    made.refresh_from_db()
    assert told.problem == "The processor has a charge of $5.00 that Duebook did not make."
    assert made.state == "pending"
    assert not Payment.objects.exists()


def test_what_is_told_of_one_thing_several_times_waits_for_a_person_once(gateway: FakeGateway) -> None:
    charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    seen = gateway.charges["ch_1"]
    for name in ("ch_8", "ch_9"):
        gateway.charges[name] = replace(seen, id=name, reference="someone-else")
    created, succeeded, another = message("ch_9"), message("ch_9"), message("ch_8")

    states = [process_webhook(message_id=told.pk) for told in (created, succeeded, another)]

    assert [state.value for state in states] == ["failed", "processed", "failed"]
    assert set(failed_messages()) == {created, another}


def test_a_message_of_a_settlement_imports_what_was_paid(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    told = message("st_1", object_kind=ObjectKind.SETTLEMENT.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    assert Settlement.objects.get().gateway_id == "st_1"


def test_a_settlement_that_the_processor_takes_back_waits_for_a_person(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    process_webhook(message_id=message("st_1", object_kind=ObjectKind.SETTLEMENT.value).pk)
    gateway.settlements.clear()
    told = message("st_1", object_kind=ObjectKind.SETTLEMENT.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    assert told.problem.startswith("The processor takes back a settlement")


def test_a_message_of_a_settlement_that_failed_books_it_back(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    process_webhook(message_id=message("st_1", object_kind=ObjectKind.SETTLEMENT.value).pk)
    gateway.send_back()
    told = message("st_1", object_kind=ObjectKind.SETTLEMENT.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    assert Settlement.objects.get().returned.uncleared_minor == 10000


def test_a_settlement_that_cannot_be_asked_for_is_tried_again(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    gateway.fail("list_settlements", OutcomeUnknown)
    told = message("st_1", object_kind=ObjectKind.SETTLEMENT.value)

    with pytest.raises(WebhookNotProcessed):
        process_webhook(message_id=told.pk)
    process_webhook(message_id=told.pk)

    assert Settlement.objects.count() == 1


def a_succeeded_charge(gateway: FakeGateway) -> Charge:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    process_webhook(message_id=message().pk)
    return made


def told_of_refund(
    gateway: FakeGateway, minor: int, *, reference: str = "by someone at the processor"
) -> Any:
    gateway.refund(GatewayRefundRequest(key(), reference, "ch_1", Money(minor, "USD")))
    return message(f"re_{len(gateway.refunds)}", object_kind=ObjectKind.REFUND.value)


def test_a_refund_made_at_the_processor_is_booked_once(gateway: FakeGateway) -> None:
    made = a_succeeded_charge(gateway)
    told = told_of_refund(gateway, 1500)
    again = message(told.object_id, object_kind=ObjectKind.REFUND.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED
    assert process_webhook(message_id=again.pk) is WebhookMessage.States.PROCESSED

    made.refresh_from_db()
    payment = Payment.objects.get()
    row = Refund.objects.get()
    assert (made.refunded_minor, payment.refunded_minor, payment.allocated_minor) == (1500, 1500, 2500)
    assert (row.means, row.reference, row.reason) == ("gateway", "re_1", "Refunded at the card processor.")


OUTSIDE_POINTS = [point for point in Point if point.name.startswith("REFUND_OUTSIDE")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", OUTSIDE_POINTS)
def test_a_process_that_ends_at_any_point_books_a_refund_at_the_processor_once(
    gateway: FakeGateway, point: Point, way: str
) -> None:
    made = charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    told = told_of_refund(gateway, 1500)

    with ending_at(point, way):
        process_webhook(message_id=told.pk)
    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    made.refresh_from_db()
    assert made.refunded_minor == gateway.given_back_minor() == Refund.objects.get().amount_minor == 1500


def test_a_message_about_our_own_refund_settles_it(gateway: FakeGateway) -> None:
    a_succeeded_charge(gateway)
    payment = Payment.objects.get()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "15.00")
    assert attempt.state == "unknown"

    process_webhook(message_id=message("re_1", object_kind=ObjectKind.REFUND.value).pk)

    attempt.refresh_from_db()
    assert attempt.state == "succeeded"
    assert Refund.objects.get().gateway_refund_id == attempt.pk


def test_a_refund_at_the_processor_that_the_books_cannot_take_waits_for_a_person(
    gateway: FakeGateway,
) -> None:
    a_succeeded_charge(gateway)
    payment = Payment.objects.get()
    refund_payment(
        payment_id=payment.pk,
        wanted=RefundInput(usd("40.00"), day(), 1, "In cash", None),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    told = told_of_refund(gateway, 1500)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    assert told.problem.startswith("$15.00 was given back at the processor, but: ")
    assert "Money(" not in told.problem
    assert Refund.objects.count() == 1


def test_a_refund_of_a_charge_of_another_kind_waits_for_a_person_and_is_booked_on_none_of_ours(
    gateway: FakeGateway,
) -> None:
    made = a_succeeded_charge(gateway)
    told = told_of_refund(gateway, 1500)
    # Two persons settled it, so nobody knows its id; and the refund's charge has none that we could ask for.
    with past_the_guards():
        Charge.objects.update(gateway_id="")
    name = list(gateway.refunds)[-1]
    gateway.refunds[name] = replace(gateway.refunds[name], charge_id="")

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    made.refresh_from_db()
    assert told.problem == "The processor has a charge that Duebook did not make."
    assert made.refunded_minor == 0
    assert not Refund.objects.exists()


def test_a_dispute_of_a_charge_of_another_kind_waits_for_a_person(gateway: FakeGateway) -> None:
    a_succeeded_charge(gateway)
    name = gateway.open_dispute("ch_1")
    gateway.disputes[name] = replace(gateway.disputes[name], charge_id="")
    told = message(name, object_kind=ObjectKind.DISPUTE.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    assert told.problem == "The processor has a charge that Duebook did not make."


def test_a_refund_that_is_told_before_the_success_of_its_charge_settles_both(gateway: FakeGateway) -> None:
    charge_invoice(make_invoice("100.00"), token="tok_slow")
    gateway.succeed("ch_1")
    told = told_of_refund(gateway, 1500)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.refunded_minor, payment.allocated_minor) == (4000, 1500, 2500)


def come_back(gateway: FakeGateway) -> WebhookMessage:
    """The customer's bank sends the latest refund back, days after it succeeded."""
    name = list(gateway.refunds)[-1]
    gateway.refunds[name] = replace(
        gateway.refunds[name], outcome=RefundOutcome.FAILED, reason="account closed"
    )
    return message(gateway.refunds[name].id, object_kind=ObjectKind.REFUND.value)


def test_a_refund_that_the_gateway_says_went_back_after_all_waits_no_more(gateway: FakeGateway) -> None:
    a_succeeded_charge(gateway)
    a_refund(Charge.objects.get(), "15.00")
    process_webhook(message_id=come_back(gateway).pk)
    name = list(gateway.refunds)[-1]
    gateway.refunds[name] = replace(gateway.refunds[name], outcome=RefundOutcome.SUCCEEDED, reason="")

    process_webhook(message_id=message(gateway.refunds[name].id, object_kind=ObjectKind.REFUND.value).pk)

    assert GatewayRefund.objects.get().came_back_at is None
    assert count_to_decide() == 0


@pytest.mark.parametrize("reference", ["", "ours"], ids=["made at the processor", "made here"])
def test_a_refund_that_fails_after_it_succeeded_waits_for_a_person(
    gateway: FakeGateway, reference: str
) -> None:
    a_succeeded_charge(gateway)
    if reference:
        a_refund(Charge.objects.get(), "15.00")
    else:
        process_webhook(message_id=told_of_refund(gateway, 1500, reference="").pk)
    told = come_back(gateway)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.PROCESSED

    attempt = GatewayRefund.objects.get()
    seen = Observation.objects.filter(gateway_refund=attempt).latest("id")
    assert (attempt.state, attempt.problem, seen.seen, seen.state_after) == (
        *("succeeded", "account closed", "failed", "succeeded"),
    )
    assert attempt.came_back_at is not None
    assert list(refunds_that_came_back()) == [Refund.objects.get()]
    assert count_to_decide() == 1
    assert Payment.objects.get().refunded_minor == Charge.objects.get().refunded_minor == 1500


def test_a_refund_that_was_refused_and_made_by_hand_and_succeeds_after_all_waits_for_a_person(
    gateway: FakeGateway,
) -> None:
    a_succeeded_charge(gateway)
    gateway.fail("void", NothingHappened)
    gateway.fail("refund", NothingHappened, after_effect=True)
    refused = a_refund(Charge.objects.get(), "40.00")
    refund_payment(
        payment_id=refused.payment_id,
        wanted=RefundInput(usd("40.00"), day(), 1, "In cash", None),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    told = message("re_1", object_kind=ObjectKind.REFUND.value)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    refused.refresh_from_db()
    assert told.problem.startswith("$40.00 was given back at the processor, but: ")
    assert refused.state == "failed"
    assert Refund.objects.get().means == "by_hand"


def test_a_refund_of_a_charge_that_is_not_ours_waits_for_a_person(gateway: FakeGateway) -> None:
    a_succeeded_charge(gateway)
    told = told_of_refund(gateway, 1500)
    Charge.objects.update(gateway_id="ch_other")

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED


def test_a_gateway_that_does_not_answer_is_tried_again_and_in_the_end_left_to_a_person(
    gateway: FakeGateway,
) -> None:
    charge_invoice(make_invoice("100.00"), token="tok_slow")
    told = message()
    for _ in range(MOST_TRIES - 1):
        gateway.fail("fetch", OutcomeUnknown)
        with pytest.raises(WebhookNotProcessed):
            process_webhook(message_id=told.pk)
    gateway.fail("fetch", OutcomeUnknown)

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    assert (told.tries, told.problem) == (MOST_TRIES, "scripted")


def test_a_message_that_is_none_is_not_found() -> None:
    with pytest.raises(NotFound):
        process_webhook(message_id=0)
