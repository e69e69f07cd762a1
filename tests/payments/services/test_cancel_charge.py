"""Cancelling a charge that waits for its customer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.charging import ChargeState
from duebook.domain.permissions import Role
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Charge, Payment
from duebook.payments.services.ask_gateway import ask_gateway
from duebook.payments.services.cancel_charge import cancel_charge
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.send_charge import send_charge
from tests.factories import SYSTEM, actor, day, key, make_invoice
from tests.payments.charging import charge, its_turn, wanted
from tests.payments.fake_gateway import FakeGateway

pytestmark = pytest.mark.django_db


def test_a_charge_that_needs_the_customer_waits_for_him(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_action"))
    assert (made.state, made.action_url) == ("requires_action", "https://bank.example/3ds")

    gateway.succeed("ch_1")
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED
    made.refresh_from_db()
    assert made.action_url == ""
    assert Payment.objects.get().charge_id == made.pk


def test_a_charge_that_waits_for_its_customer_can_be_cancelled(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = charge(wanted(invoice, token="tok_action"))

    with pytest.raises(errors.Forbidden):
        cancel_charge(charge_id=made.pk, actor=actor(Role.VIEWER))
    gateway.fail("cancel", OutcomeUnknown)
    with pytest.raises(errors.GatewayUnreachable):
        cancel_charge(charge_id=made.pk, actor=SYSTEM)
    assert cancel_charge(charge_id=made.pk, actor=SYSTEM) is ChargeState.NOT_PERFORMED

    with pytest.raises(errors.ChargeNotWaiting):
        cancel_charge(charge_id=made.pk, actor=SYSTEM)
    with pytest.raises(errors.NotFound):
        cancel_charge(charge_id=0, actor=SYSTEM)
    assert charge(wanted(invoice)).state == "succeeded"


def test_a_customer_who_was_faster_than_the_cancelling_has_paid(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_action"))
    gateway.succeed("ch_1")

    assert cancel_charge(charge_id=made.pk, actor=SYSTEM) is ChargeState.SUCCEEDED
    assert Payment.objects.get().charge_id == made.pk


def test_a_sender_that_slept_before_confirming_finds_the_charge_cancelled(gateway: FakeGateway) -> None:
    made = prepare_charge(wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day())

    def meanwhile(call: str) -> None:
        if call == "confirm":
            gateway.on_call = lambda _: None
            Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
            ask_gateway(charge_id=made.charge_id)

    gateway.on_call = meanwhile
    send_charge(charge_id=made.charge_id)

    assert Charge.objects.get().state == "not_performed"
    assert gateway.captures == {}
