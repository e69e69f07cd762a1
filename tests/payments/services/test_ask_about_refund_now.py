"""A person asks about a refund without waiting for its turn."""

import pytest

from duebook.domain import errors
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.permissions import Role
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import GatewayRefund, Refund
from duebook.payments.services.ask_about_refund_now import ask_about_refund_now
from tests.factories import actor
from tests.payments.charging import a_charged_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund

pytestmark = pytest.mark.django_db


def an_unknown_refund(gateway: FakeGateway) -> GatewayRefund:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    return refund(payment, "40.00")


def test_a_refund_that_nobody_asks_about_any_more_is_settled(gateway: FakeGateway) -> None:
    attempt = an_unknown_refund(gateway)
    GatewayRefund.objects.update(ask_at=None)

    assert ask_about_refund_now(attempt_id=attempt.pk, actor=actor()) is RefundState.SUCCEEDED
    assert ask_about_refund_now(attempt_id=attempt.pk, actor=actor()) is RefundState.SUCCEEDED
    assert Refund.objects.get().amount_minor == 4000


def test_who_is_impatient_does_not_use_up_the_turns_of_the_week(gateway: FakeGateway) -> None:
    attempt = an_unknown_refund(gateway)

    for _ in range(20):
        gateway.fail("list_refunds", OutcomeUnknown)
        ask_about_refund_now(attempt_id=attempt.pk, actor=actor())

    attempt.refresh_from_db()
    assert (attempt.asked, attempt.ask_at is not None) == (1, True)


def test_one_that_is_being_sent_this_minute_is_left_to_who_sends_it(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    asked: list[RefundState] = []

    def meanwhile(call: str) -> None:
        if call == "refund":
            attempt_id = GatewayRefund.objects.values_list("pk", flat=True).get()
            asked.append(ask_about_refund_now(attempt_id=attempt_id, actor=actor()))

    gateway.on_call = meanwhile
    refund(payment, "40.00")

    assert asked == [RefundState.SENT]
    assert gateway.given_back_minor() == 4000


def test_who_may_not_refund_and_what_is_not_there(gateway: FakeGateway) -> None:
    attempt = an_unknown_refund(gateway)

    with pytest.raises(errors.Forbidden):
        ask_about_refund_now(attempt_id=attempt.pk, actor=actor(Role.CLERK))
    with pytest.raises(errors.NotFound):
        ask_about_refund_now(attempt_id=4711, actor=actor())
    attempt.refresh_from_db()
    assert attempt.state == "unknown"
