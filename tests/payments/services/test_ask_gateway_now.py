"""Asking the gateway at once, because a person does not wait."""

from datetime import timedelta

import pytest
from django.utils import timezone

from duebook.domain.charging import ChargeState
from duebook.domain.errors import Forbidden, NotFound
from duebook.domain.permissions import Role
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Charge, Payment
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.charge_card import charge_card, preview_charged_payment
from duebook.payments.services.prepare_charge import prepare_charge
from tests.factories import SYSTEM, actor, day, key, make_invoice, usd
from tests.payments.charging import charge_without_answer, wanted
from tests.payments.fake_gateway import FakeGateway
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def test_it_is_asked_before_its_turn_even_when_nobody_asks_any_more(gateway: FakeGateway) -> None:
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    Charge.objects.filter(pk=charge.pk).update(ask_at=None, asked=14)

    state = ask_gateway_now(charge_id=charge.pk, actor=actor(Role.CLERK))

    assert state is ChargeState.SUCCEEDED
    assert Payment.objects.get().charge_id == charge.pk


def test_who_is_impatient_does_not_use_up_the_turns_of_the_week(gateway: FakeGateway) -> None:
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    Charge.objects.filter(pk=charge.pk).update(asked=7)

    for _ in range(20):
        gateway.fail("fetch", OutcomeUnknown)
        ask_gateway_now(charge_id=charge.pk, actor=actor(Role.CLERK))

    charge.refresh_from_db()
    assert charge.asked == 7
    assert charge.ask_at is not None
    assert timedelta(hours=23) < charge.ask_at - timezone.now() <= timedelta(days=1)


def test_without_the_right_nothing_is_asked(gateway: FakeGateway) -> None:
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    before = everything()

    with pytest.raises(Forbidden):
        ask_gateway_now(charge_id=charge.pk, actor=actor(Role.VIEWER))
    with pytest.raises(NotFound):
        ask_gateway_now(charge_id=4711, actor=actor())

    assert everything() == before
    assert gateway.calls == ["create", "confirm"]


@pytest.mark.parametrize(("seconds", "asked"), [(5, 0), (120, 1)])
def test_one_that_is_being_sent_is_asked_only_when_the_sending_was_given_up(
    gateway: FakeGateway, seconds: int, asked: int
) -> None:
    prepared = prepare_charge(
        wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day()
    )
    sent = Charge.objects.get(pk=prepared.charge_id)
    now = timezone.now()
    Charge.objects.update(
        state="sent", sent_at=now - timedelta(seconds=seconds), ask_at=now + timedelta(minutes=1)
    )

    ask_gateway_now(charge_id=sent.pk, actor=actor())

    sent.refresh_from_db()
    assert sent.observations.count() == asked
    assert sent.state == ("not_performed" if asked else "sent")


def test_a_preview_is_what_is_booked_and_writes_nothing(gateway: FakeGateway) -> None:
    asked = wanted(make_invoice("100.00"))
    before = everything()

    decision = preview_charged_payment(wanted=asked, actor=SYSTEM, on=day())

    assert everything() == before
    assert gateway.calls == []
    charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day())
    payment = Payment.objects.get()
    assert (decision.input.amount, decision.input.received_on) == (usd("40.00"), payment.received_on)
    assert decision.movements[0].debit == charge_account(payment)


def charge_account(payment: Payment) -> int:
    return (
        Charge.objects.select_related("merchant_account")
        .get(pk=payment.charge_id)
        .merchant_account.clearing_account_id
    )
