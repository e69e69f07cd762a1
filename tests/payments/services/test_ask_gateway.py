"""Asking the gateway about a charge until its outcome is known, and dropping what was never sent."""

from datetime import timedelta

import pytest
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.charging import ChargeState
from duebook.gateways.accounts import NO_KEY
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Busy, Misconfigured, NothingHappened, Outcome, OutcomeUnknown
from duebook.payments.models import Charge, ChargeLine, Observation, Payment
from duebook.payments.services.ask_gateway import (
    ask_gateway,
    charges_left_behind,
    charges_to_ask,
    drop_charge,
)
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.send_charge import send_charge
from tests.factories import SYSTEM, day, key, make_invoice, usd
from tests.payments.cards import jobs
from tests.payments.charging import charge, its_turn, wanted
from tests.payments.fake_gateway import FakeGateway
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [NothingHappened, Misconfigured, OutcomeUnknown, Busy])
@pytest.mark.parametrize("after_effect", [False, True])
def test_without_a_handle_nothing_can_have_happened(
    gateway: FakeGateway, error: type[Exception], after_effect: bool
) -> None:
    gateway.fail("create", error, after_effect=after_effect)

    made = charge(wanted(make_invoice("100.00")))

    assert (made.state, made.problem) == ("not_performed", "scripted")
    assert gateway.captures == {}
    assert not ChargeLine.objects.filter(is_open=True).exists()


def test_without_a_key_to_the_secrets_nothing_is_sent_and_the_charge_says_why(gateway: FakeGateway) -> None:
    asked = wanted(make_invoice("100.00"))
    MerchantAccount.objects.update(sealed_secret="sealed with a key that is gone")

    made = charge(asked)

    assert (made.state, made.problem, gateway.calls) == ("not_performed", NO_KEY, [])
    assert not Payment.objects.exists()


def test_what_nobody_can_ask_for_want_of_the_key_stays_unknown(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    made = charge(wanted(make_invoice("100.00")))
    opened = made.merchant_account.sealed_secret
    MerchantAccount.objects.update(sealed_secret="sealed with a key that is gone")
    its_turn(made)
    assert ask_gateway(charge_id=made.pk) is ChargeState.UNKNOWN
    made.refresh_from_db()
    assert made.problem == NO_KEY

    MerchantAccount.objects.update(sealed_secret=opened)
    its_turn(made)
    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED


@pytest.mark.parametrize("after_effect", [False, True])
def test_an_unknown_outcome_blocks_the_invoice_until_the_gateway_says(
    gateway: FakeGateway, after_effect: bool
) -> None:
    invoice = make_invoice("100.00")
    gateway.fail("confirm", OutcomeUnknown, after_effect=after_effect)

    made = charge(wanted(invoice))

    assert made.state == "unknown"
    assert not Payment.objects.exists()
    with pytest.raises(errors.ChargeUnderWay):
        charge(wanted(invoice, token="tok_other"))
    assert charges_to_ask(most=10) == []
    its_turn(made)
    assert charges_to_ask(most=10) == [made.pk]

    state = ask_gateway(charge_id=made.pk)

    assert state is (ChargeState.SUCCEEDED if after_effect else ChargeState.NOT_PERFORMED)
    assert gateway.taken_minor() == sum(p.amount_minor for p in Payment.objects.all())
    assert gateway.charges["ch_1"].outcome is (Outcome.SUCCEEDED if after_effect else Outcome.CANCELLED)


def test_a_busy_gateway_is_asked_again_soon(gateway: FakeGateway) -> None:
    gateway.fail("confirm", Busy, after_effect=True)

    made = charge(wanted(make_invoice("100.00")))
    assert made.state == "sent"
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED


def test_a_gateway_that_does_not_answer_is_asked_later_and_later(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown)
    made = charge(wanted(make_invoice("100.00")))
    for turn in range(14):
        its_turn(made)
        gateway.fail("fetch", OutcomeUnknown)
        ask_gateway(charge_id=made.pk)
        made.refresh_from_db()
        assert (made.state, made.asked) == ("unknown", turn + 1)

    assert made.ask_at is None
    assert Observation.objects.filter(charge=made).count() == 15


def test_nobody_asks_before_its_turn(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown)
    made = charge(wanted(make_invoice("100.00")))

    assert ask_gateway(charge_id=made.pk) is ChargeState.UNKNOWN
    assert gateway.calls == ["create", "confirm"]


def test_an_answer_about_other_money_is_never_booked(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_slow"))
    seen = gateway.charges["ch_1"]
    gateway.charges["ch_1"] = type(seen)(
        seen.id, Outcome.SUCCEEDED, usd("41.00"), seen.reference, seen.created_at, captured_minor=4100
    )
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.PENDING
    made.refresh_from_db()
    assert made.problem == "The processor says $41.00, not $40.00."
    assert not Payment.objects.exists()


def test_a_charge_that_was_only_written_down_is_dropped_and_never_sent(gateway: FakeGateway) -> None:
    prepared = prepare_charge(
        wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day()
    )
    assert charges_left_behind() == []

    drop_charge(charge_id=prepared.charge_id)
    send_charge(charge_id=prepared.charge_id)

    assert Charge.objects.get().state == "not_performed"
    assert gateway.calls == []


def test_a_sender_that_slept_too_long_finds_the_charge_settled_and_sends_nothing(
    gateway: FakeGateway,
) -> None:
    made = prepare_charge(wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day())

    def meanwhile(call: str) -> None:
        gateway.on_call = lambda _: None
        Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
        assert ask_gateway(charge_id=made.charge_id) is ChargeState.NOT_PERFORMED

    gateway.on_call = meanwhile
    send_charge(charge_id=made.charge_id)

    assert gateway.calls == ["create"]
    assert gateway.captures == {}


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_book_one_payment(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_slow"))
    gateway.succeed("ch_1")
    its_turn(made)

    in_threads(4, lambda _: ask_gateway(charge_id=made.pk))

    assert Payment.objects.count() == 1


def test_a_receipt_that_was_asked_for_is_sent_when_the_outcome_is_known_late(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    made = charge(wanted(make_invoice("100.00"), email_receipt=True))
    assert jobs("email_receipt") == []

    its_turn(made)
    ask_gateway(charge_id=made.pk)

    payment = Payment.objects.get(charge_id=made.pk)
    assert jobs("email_receipt") == [{"payment_id": payment.pk}]
