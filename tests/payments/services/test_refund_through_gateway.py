"""Money given back through the gateway: booked only if it went back, and never given back twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.gateway_refunds import REFUND_TRANSITIONS, RefundState
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundMeans, Rest
from duebook.events.models import Event
from duebook.gateways.protocol import Busy, NothingHappened, OutcomeUnknown, RefundOutcome
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, GatewayRefund, Payment, Refund
from duebook.payments.points import Point
from duebook.payments.services.apply_credit import apply_credit
from duebook.payments.services.ask_about_refund import ask_about_refund, drop_refund, refunds_to_ask
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.refund_through_gateway import (
    preview_gateway_refund,
    refund_through_gateway,
    send_gateway_refund,
)
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    usd,
)
from tests.past_the_guards import past_the_guards
from tests.payments.acts import bounce, move
from tests.payments.charging import a_charged_payment, its_turn
from tests.payments.ends import CUT_OFF, EXCEPTION, ended_at, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund, wanted
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def test_a_refund_in_part_opens_the_invoice_again_and_takes_commission_back(gateway: FakeGateway) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    payment = a_charged_payment(lead_partner_id=dana.pk)
    preview = preview_gateway_refund(
        payment_id=payment.pk, wanted=wanted(payment, "40.00"), actor=SYSTEM, on=day()
    )
    assert (preview.reopened.minor, gateway.calls) == (4000, ["create", "confirm"])

    attempt = refund(payment, "40.00")

    payment.refresh_from_db()
    charge = Charge.objects.get()
    assert (attempt.state, attempt.gateway_id) == ("succeeded", "re_1")
    assert (payment.refunded_minor, payment.allocated_minor) == (4000, 6000)
    assert (charge.refunded_minor, charge.refunding_minor, gateway.given_back_minor()) == (4000, 0, 4000)
    assert Invoice.objects.get().balance_due_minor == 4000
    row = Refund.objects.get()
    assert (row.means, row.gateway_refund_id, row.account.name) == (
        "gateway",
        attempt.pk,
        "Card clearing Sandbox",
    )
    assert Transfer.objects.get(kind="commission_clawed_back").amount_minor == 400
    assert [event.name for event in Event.objects.order_by("id")][-2:] == [
        "refund.prepared",
        "payment.refunded",
    ]


def test_repeated_refunds_go_up_to_what_was_captured_and_no_further(gateway: FakeGateway) -> None:
    payment = a_charged_payment()

    refund(payment, "60.00")
    refund(payment, "40.00")

    with pytest.raises(errors.AlreadyRefunded):
        refund(payment, "0.01")
    assert gateway.given_back_minor() == 10000
    assert [one.attempt for one in GatewayRefund.objects.order_by("id")] == [1, 2]


def test_more_than_the_processor_holds_is_refused_before_anything_is_sent(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    refund(payment, "60.00")

    with pytest.raises(errors.AboveRefundable):
        refund(payment, "40.01")

    assert gateway.given_back_minor() == 6000


def test_a_whole_charge_that_is_not_settled_is_voided(gateway: FakeGateway) -> None:
    refund(a_charged_payment())

    assert gateway.calls == ["create", "confirm", "void"]


def test_a_whole_charge_that_is_settled_is_refunded(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.is_settled = True

    assert refund(payment).state == "succeeded"
    assert gateway.calls == ["create", "confirm", "void", "refund"]


def test_what_is_not_owed_afterwards_is_credited_and_counts_for_no_commission(gateway: FakeGateway) -> None:
    payment = a_charged_payment()

    refund(payment, "40.00", owes_afterwards=usd("10.00"), rest=Rest.CREDIT)

    credit = Payment.objects.latest("id")
    assert (credit.kind, credit.amount_minor, credit.apply_to_commissions) == ("adjustment", 3000, False)
    assert Invoice.objects.get().balance_due_minor == 1000


def test_the_same_request_again_gives_nothing_back_again(gateway: FakeGateway) -> None:
    payment, again = a_charged_payment(), key()

    first = refund(payment, "40.00", request_key=again)
    second = refund(payment, "40.00", request_key=again)

    assert first.pk == second.pk
    assert gateway.given_back_minor() == 4000
    with pytest.raises(errors.KeyReused):
        refund(payment, "41.00", request_key=again)


def test_a_refusal_books_nothing_and_frees_the_payment(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)

    attempt = refund(payment, "40.00")

    assert (attempt.state, attempt.problem) == ("failed", "scripted")
    assert not Refund.objects.exists()
    assert Charge.objects.get().refunding_minor == 0
    assert Event.objects.get(name="refund.failed").payload["problem"] == "scripted"
    refund_payment(
        payment_id=payment.pk,
        wanted=wanted(payment, "40.00", means=RefundMeans.BY_HAND, account_id=1),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("error", [OutcomeUnknown, Busy])
def test_an_unknown_outcome_blocks_the_payment_until_the_gateway_says(
    gateway: FakeGateway, error: type[Exception], after_effect: bool
) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", error, after_effect=after_effect)

    attempt = refund(payment, "40.00")

    assert attempt.is_open
    assert (Charge.objects.get().refunding_minor, Refund.objects.count()) == (4000, 0)
    with pytest.raises(errors.RefundUnderWay):
        refund(payment, "10.00")
    with pytest.raises(errors.RefundUnderWay):
        bounce(payment)
    assert ask_about_refund(attempt_id=attempt.pk) is RefundState(attempt.state)
    its_turn(attempt)
    assert refunds_to_ask(most=9) == [attempt.pk]
    assert ask_about_refund(attempt_id=attempt.pk) is RefundState.SUCCEEDED
    assert gateway.given_back_minor() == 4000
    assert Refund.objects.get().amount_minor == 4000


def test_a_refund_that_arrived_is_found_although_sending_it_again_is_refused(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00")
    its_turn(attempt)
    hidden = dict(gateway.refunds)
    gateway.refunds.clear()

    def appears(call: str) -> None:
        if call == "refund":
            gateway.refunds.update(hidden)

    gateway.on_call = appears
    gateway.fail("refund", NothingHappened)

    assert ask_about_refund(attempt_id=attempt.pk) is RefundState.SUCCEEDED


def test_a_refund_that_is_not_listed_twice_after_the_window_of_keys_did_not_happen(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown)
    attempt = refund(payment, "40.00")

    def asked_after(hours: int) -> RefundState:
        GatewayRefund.objects.update(sent_at=timezone.now() - timedelta(hours=hours))
        its_turn(attempt)
        return ask_about_refund(attempt_id=attempt.pk)

    assert asked_after(20) is RefundState.UNKNOWN
    assert asked_after(23) is RefundState.UNKNOWN
    assert asked_after(24) is RefundState.FAILED
    assert gateway.given_back_minor() == 0


def test_a_first_look_that_comes_late_proves_nothing_alone(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown)
    attempt = refund(payment, "40.00")
    GatewayRefund.objects.update(sent_at=timezone.now() - timedelta(hours=30))
    its_turn(attempt)

    assert ask_about_refund(attempt_id=attempt.pk) is RefundState.UNKNOWN
    its_turn(attempt)
    assert ask_about_refund(attempt_id=attempt.pk) is RefundState.FAILED


def test_a_refund_in_progress_is_booked_when_it_is_done(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    gateway.refund_outcome = RefundOutcome.PROCESSING
    attempt = refund(payment, "40.00")
    assert (attempt.state, Refund.objects.count()) == ("pending", 0)

    gateway.refunds = {
        name: type(one)(
            one.id, one.charge_id, RefundOutcome.SUCCEEDED, one.amount, one.reference, one.created_at
        )
        for name, one in gateway.refunds.items()
    }
    its_turn(attempt)

    assert ask_about_refund(attempt_id=attempt.pk) is RefundState.SUCCEEDED


def test_credit_that_is_on_its_way_back_is_not_applied(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    invoice = Invoice.objects.get()
    move(payment, invoice, None, "40.00")
    gateway.refund_outcome = RefundOutcome.PROCESSING
    attempt = refund(payment, "30.00", owes_afterwards=usd("0.00"))
    other = make_invoice("40.00", contact=invoice.contact)
    credit: dict[str, Any] = {
        "contact_id": invoice.contact_id,
        "shares": (Share(other.pk, usd("10.00")),),
        "apply_to_commissions": True,
        "actor": SYSTEM,
        "on": day(),
    }

    with pytest.raises(errors.NotEnoughCredit):
        apply_credit(**credit, request_key=key())

    [name] = gateway.refunds
    gateway.refunds[name] = replace(gateway.refunds[name], outcome=RefundOutcome.SUCCEEDED)
    its_turn(attempt)
    ask_about_refund(attempt_id=attempt.pk)
    apply_credit(**credit, request_key=key())
    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.allocated_minor, payment.credit_minor) == (3000, 7000, 0)


def test_a_refund_that_was_only_written_down_is_dropped_and_never_sent(gateway: FakeGateway) -> None:
    payment = a_charged_payment()

    with ended_at(Point.REFUND_PREPARED):
        refund(payment, "40.00")
    attempt = GatewayRefund.objects.get()

    assert drop_refund(attempt_id=attempt.pk) is RefundState.FAILED
    send_gateway_refund(attempt_id=attempt.pk)

    assert gateway.given_back_minor() == 0
    assert Charge.objects.get().refunding_minor == 0


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (actor(Role.CLERK), errors.Forbidden),
        (actor(Role.MANAGER, limits={(Right.REFUND, "USD"): 3999}), errors.AboveLimit),
    ],
)
def test_who_may_not_refund_changes_nothing(gateway: FakeGateway, who: Any, error: type[Exception]) -> None:
    payment = a_charged_payment()
    before = everything()

    with pytest.raises(error):
        refund(payment, "40.00", actor=who)

    assert everything() == before
    assert gateway.given_back_minor() == 0


def test_a_payment_by_hand_has_no_gateway_to_refund_through(gateway: FakeGateway) -> None:
    charged = a_charged_payment()
    by_hand = make_payment("10.00", invoice=make_invoice("10.00", title="Other"))

    with pytest.raises(errors.NotFromGateway):
        refund_through_gateway(
            payment_id=by_hand.pk,
            wanted=wanted(charged, "5.00"),
            request_key=key(),
            actor=SYSTEM,
            on=day(),
        )


def test_the_database_keeps_to_the_table_of_transitions(gateway: FakeGateway) -> None:
    attempt = refund(a_charged_payment(), "40.00")
    allowed = {(a.value, b.value) for a, after in REFUND_TRANSITIONS.items() for b in after}

    for old in RefundState:
        for new in RefundState:
            with transaction.atomic():
                with past_the_guards():
                    GatewayRefund.objects.update(state=old.value)
                try:
                    with transaction.atomic():
                        GatewayRefund.objects.filter(pk=attempt.pk).update(state=new.value)
                    went = True
                except IntegrityError:
                    went = False
                transaction.set_rollback(True)
            assert went == (old is new or (old.value, new.value) in allowed), (old, new)


@pytest.mark.django_db(transaction=True)
def test_two_who_refund_one_payment_at_once_give_back_no_more_than_was_captured(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()

    results = in_threads(4, lambda _: refund(payment, "60.00").state)

    assert results.count("succeeded") == 1
    assert gateway.given_back_minor() == 6000


REFUND_POINTS = [point for point in Point if point.name.startswith("REFUND")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("after_effect", "way"),
    [(False, EXCEPTION), (True, EXCEPTION), (None, EXCEPTION), (None, CUT_OFF)],
)
@pytest.mark.parametrize("point", REFUND_POINTS)
def test_a_process_that_ends_at_any_point_of_a_refund_gives_back_once(
    gateway: FakeGateway, point: Point, after_effect: bool | None, way: str
) -> None:
    payment, request_key = a_charged_payment(), key()
    if after_effect is not None:
        gateway.fail("refund", OutcomeUnknown, after_effect=after_effect)

    with ending_at(point, way):
        attempt = refund(payment, "40.00", request_key=request_key)
        its_turn(attempt)
        ask_about_refund(attempt_id=attempt.pk)
    refund(payment, "40.00", request_key=request_key)
    for attempt_id in GatewayRefund.objects.filter(state="created").values_list("pk", flat=True):
        drop_refund(attempt_id=attempt_id)
    for _ in range(4):
        for attempt in GatewayRefund.objects.exclude(ask_at=None):
            its_turn(attempt)
            ask_about_refund(attempt_id=attempt.pk)

    payment.refresh_from_db()
    assert not [one for one in GatewayRefund.objects.all() if one.is_open]
    assert payment.refunded_minor == gateway.given_back_minor() in (0, 4000)
