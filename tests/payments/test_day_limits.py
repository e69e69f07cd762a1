"""Limits of a day: counted exactly, under parallel requests too, and given back where no money moved."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.charging import ChargeInput, ChargeState
from duebook.domain.permissions import Actor, Right, Role
from duebook.events.models import Event
from duebook.gateways.protocol import NothingHappened, OutcomeUnknown
from duebook.payments.charge_reading import Seen
from duebook.payments.models import Charge, DayUse, GatewayRefund, LimitUse, Observation, Payment, Refund
from duebook.payments.services.charge_card import charge_card, preview_charged_payment
from duebook.payments.services.refund_payment import preview_refund, refund_payment
from duebook.payments.services.refund_through_gateway import preview_gateway_refund
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.payments.services.settle_charge import settle_charge
from duebook.reports.services.verify_books import verify_books
from tests.factories import actor, day, key, make_invoice, make_payment, refund_input, usd
from tests.payments.charging import a_charged_payment, wanted as to_charge
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund, wanted
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def limited(right: Right = Right.REFUND, minor: int = 10000, **fields: Any) -> Actor:
    role = Role.MANAGER if right is Right.REFUND else Role.CLERK
    return actor(role, day_limits={(right, "USD"): minor}, **fields)


def asked(amount: str = "40.00", token: str = "tok_ok") -> ChargeInput:
    return to_charge(make_invoice("100.00"), amount, token)


def charge(wanted: ChargeInput, by: Actor, request_key: str | None = None) -> Charge:
    return charge_card(wanted=wanted, request_key=request_key or key(), actor=by, on=day())


def used() -> list[int]:
    return list(DayUse.objects.order_by("id").values_list("used_minor", flat=True))


def by_hand(payment: Payment, amount: str, by: Actor, request_key: str | None = None) -> None:
    refund_payment(
        payment_id=payment.pk,
        wanted=refund_input(amount, owes=None),
        request_key=request_key or key(),
        actor=by,
        on=day(),
    )


def test_charges_add_up_to_the_limit_and_no_further(gateway: FakeGateway) -> None:
    clerk = limited(Right.CHARGE_CARDS)

    charge(asked("60.00"), clerk)
    charge(asked("40.00"), clerk)
    another = asked("0.50")
    before = everything()
    with pytest.raises(errors.AboveDayLimit) as refusal:
        charge(another, clerk)

    assert everything() == before
    assert refusal.value.values == {
        "amount": usd("0.50"),
        "limit": usd("100.00"),
        "used": usd("100.00"),
        "left": usd("0.00"),
    }
    assert (used(), gateway.taken_minor()) == ([10000], 10000)


def test_a_repeated_request_counts_once(gateway: FakeGateway) -> None:
    clerk, wanted_once, request_key = limited(Right.CHARGE_CARDS), asked("60.00"), key()

    for _ in range(3):
        charge(wanted_once, clerk, request_key)

    assert (used(), LimitUse.objects.count()) == ([6000], 1)


def test_each_person_and_each_day_has_a_counter(gateway: FakeGateway) -> None:
    charge(asked("60.00"), limited(Right.CHARGE_CARDS))
    charge(asked("60.00"), limited(Right.CHARGE_CARDS, user_id=901))
    charge_card(wanted=asked("60.00"), request_key=key(), actor=limited(Right.CHARGE_CARDS), on=day(1))

    assert used() == [6000, 6000, 6000]


def test_without_a_limit_of_a_day_nothing_is_counted(gateway: FakeGateway) -> None:
    charge(asked("60.00"), actor(Role.CLERK))

    assert not DayUse.objects.exists()


@pytest.mark.parametrize("token", ["tok_no_funds", "tok_stolen"])
def test_a_declined_charge_is_given_back(gateway: FakeGateway, token: str) -> None:
    clerk = limited(Right.CHARGE_CARDS)

    charge(asked("60.00", token), clerk)

    assert (used(), LimitUse.objects.get().counts) == ([0], False)
    charge(asked("100.00"), clerk)


def test_a_charge_that_was_not_carried_out_is_given_back_and_a_late_success_counts_after_all(
    gateway: FakeGateway,
) -> None:
    gateway.fail("create", NothingHappened)
    made = charge(asked("60.00"), limited(Right.CHARGE_CARDS))
    before = used()

    for _ in range(2):
        settle_charge(
            charge_id=made.pk, seen=Seen(ChargeState.SUCCEEDED), channel=Observation.Channels.WEBHOOK
        )

    assert (before, used()) == ([0], [6000])


def test_an_unknown_charge_counts(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown)

    charge(asked("60.00"), limited(Right.CHARGE_CARDS))

    assert used() == [6000]


def test_refunds_by_hand_and_through_the_gateway_share_the_limit(gateway: FakeGateway) -> None:
    manager = limited(Right.REFUND)
    payment = a_charged_payment()
    offline = make_payment("80.00", invoice=make_invoice("80.00"))

    refund(payment, "60.00", actor=manager)
    by_hand(offline, "40.00", manager)
    with pytest.raises(errors.AboveDayLimit):
        by_hand(offline, "0.01", manager)
    with pytest.raises(errors.AboveDayLimit):
        refund(payment, "0.01", actor=manager)

    assert (used(), gateway.given_back_minor(), Refund.objects.count()) == ([10000], 6000, 2)


def test_what_an_undone_refund_used_stays_used() -> None:
    manager = limited(Right.REFUND)
    payment = make_payment("200.00", invoice=make_invoice("200.00"))
    by_hand(payment, "60.00", manager)

    reverse_refund(
        refund_id=Refund.objects.get().pk, reason="Typo", request_key=key(), actor=manager, on=day()
    )

    assert used() == [6000]
    with pytest.raises(errors.AboveDayLimit):
        by_hand(payment, "40.01", manager)
    assert verify_books() == []


def test_a_refused_refund_is_given_back(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("void", NothingHappened)
    gateway.fail("refund", NothingHappened)

    attempt = refund(payment, actor=limited(Right.REFUND))

    assert (attempt.state, used()) == ("failed", [0])


def test_previews_say_it_beforehand_and_count_nothing(gateway: FakeGateway) -> None:
    manager, clerk = limited(Right.REFUND, 3000), limited(Right.CHARGE_CARDS, 3000)
    payment = a_charged_payment()
    offline = make_payment("80.00", invoice=make_invoice("80.00"))
    card = asked("40.00")

    with pytest.raises(errors.AboveDayLimit):
        preview_charged_payment(wanted=card, actor=clerk, on=day())
    with pytest.raises(errors.AboveDayLimit):
        preview_gateway_refund(
            payment_id=payment.pk, wanted=wanted(payment, "40.00"), actor=manager, on=day()
        )
    with pytest.raises(errors.AboveDayLimit):
        preview_refund(payment_id=offline.pk, wanted=refund_input("40.00"), actor=manager, on=day())

    assert not DayUse.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_parallel_charges_of_one_person_use_the_limit_exactly(gateway: FakeGateway) -> None:
    clerk = limited(Right.CHARGE_CARDS, 10000)
    charges = [asked("30.00") for _ in range(8)]

    results = in_threads(8, lambda i: charge(charges[i], clerk))

    assert sum(isinstance(result, errors.AboveDayLimit) for result in results) == 5
    assert (used(), gateway.taken_minor()) == ([9000], 9000)
    assert Event.objects.filter(name="charge.prepared").count() == 3


@pytest.mark.broken_books
def test_verify_finds_a_counter_or_an_act_that_is_not_what_was_done(gateway: FakeGateway) -> None:
    charge(asked("60.00"), limited(Right.CHARGE_CARDS))
    payment = a_charged_payment()
    refund(payment, "40.00", actor=limited(Right.REFUND))

    DayUse.objects.filter(used_minor=6000).update(used_minor=5000)
    counter = [finding.check for finding in verify_books()]
    LimitUse.objects.filter(charge__isnull=False).update(counts=False)
    acts = [finding.check for finding in verify_books()]

    assert counter == ["day_use"]
    assert acts == ["day_use", "limit_use"]
    assert GatewayRefund.objects.get().state == "succeeded"
