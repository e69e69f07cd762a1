"""Outcomes that a person saw at the processor: proposed by one, approved by another, settled once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.charging import ASK_AFTER, ChargeState
from duebook.domain.permissions import Actor, Role, Source
from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.charge_reading import Seen
from duebook.payments.models import (
    Charge,
    ChargeLine,
    GatewayRefund,
    Observation,
    OutcomeProposal,
    Payment,
    Refund,
    RefundResolution,
)
from duebook.payments.points import Point
from duebook.payments.services.approve_outcome import approve_outcome
from duebook.payments.services.ask_about_refund_now import ask_about_refund_now
from duebook.payments.services.ask_gateway import ask_gateway, charges_to_ask
from duebook.payments.services.propose_charge_outcome import propose_charge_outcome
from duebook.payments.services.propose_refund_outcome import propose_refund_outcome
from duebook.payments.services.reject_outcome import reject_outcome
from duebook.payments.services.resolve_refused_refund import resolve_refused_refund
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.withdraw_outcome import withdraw_outcome
from duebook.payments.to_decide import disputed_charges, outcomes_to_decide, refused_refunds
from duebook.reports.services.verify_books import verify_books
from duebook.staff.queries import actor_for
from duebook.staff.services.add_user import add_user
from duebook.staff.services.change_user import change_user
from tests.factories import SYSTEM, actor, day, key, make_invoice, make_refund, make_user
from tests.past_the_guards import past_the_guards
from tests.payments.charging import a_charged_payment, charge_without_answer
from tests.payments.ends import EXCEPTION, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

CARL = actor(Role.CLERK, user_id=1)
MIA = actor(Role.MANAGER, user_id=2)
OLGA = actor(Role.OWNER, user_id=3)
NOTHING = OutcomeInput(Outcome.DID_NOT_HAPPEN, "The dashboard has no such charge")


def happened(days: int = 0) -> OutcomeInput:
    return OutcomeInput(Outcome.HAPPENED, "Seen in the dashboard", day(days), "pay_42")


def asked_out(gateway: FakeGateway, *, after_effect: bool = True) -> Charge:
    """A charge of 40.00 about which the gateway was asked for a week and said nothing."""
    charge = charge_without_answer(gateway, make_invoice("100.00"), after_effect=after_effect)
    Charge.objects.update(asked=len(ASK_AFTER), ask_at=None)
    return charge


def refund_asked_out(gateway: FakeGateway) -> GatewayRefund:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00")
    GatewayRefund.objects.update(asked=len(ASK_AFTER), ask_at=None)
    return attempt


def propose(charge: Charge, wanted: OutcomeInput | None = None, **fields: Any) -> OutcomeProposal:
    return propose_charge_outcome(
        **{
            "charge_id": charge.pk,
            "wanted": wanted or happened(),
            "request_key": key(),
            "actor": CARL,
            "on": day(),
            **fields,
        }
    )


def propose_refund(attempt: GatewayRefund, wanted: OutcomeInput, by: Actor = MIA) -> OutcomeProposal:
    return propose_refund_outcome(attempt_id=attempt.pk, wanted=wanted, request_key=key(), actor=by, on=day())


def test_a_proposal_settles_nothing_and_repeats_as_one(gateway: FakeGateway) -> None:
    charge, request_key = asked_out(gateway), key()

    first, second = (propose(charge, request_key=request_key) for _ in range(2))

    assert first == second
    charge.refresh_from_db()
    assert (charge.state, OutcomeProposal.objects.count()) == ("unknown", 1)
    assert not Payment.objects.exists()
    payload = Event.objects.get(name="outcome.proposed").payload
    assert (payload["charge_id"], payload["outcome"], payload["reference"]) == (
        charge.pk,
        "happened",
        "pay_42",
    )


def test_it_happened_books_the_payment_once_on_its_day(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge)

    for _ in range(2):
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)

    charge.refresh_from_db()
    payment = Payment.objects.get()
    assert (charge.state, charge.problem, charge.captured_minor) == ("succeeded", "", 4000)
    assert (payment.charge_id, payment.received_on) == (charge.pk, day())
    assert Invoice.objects.get().balance_due_minor == 6000
    seen = Observation.objects.filter(channel="by_hand").get()
    assert (seen.seen, seen.payload["reference"]) == ("succeeded", "pay_42")
    assert Event.objects.filter(name="outcome.approved").count() == 1


def test_a_success_of_an_earlier_day_is_booked_on_that_day(gateway: FakeGateway) -> None:
    """Proposed yesterday, as it were: the charge cannot be made older, but tomorrow comes."""
    charge = asked_out(gateway)
    proposal = propose(charge, happened(), on=day(1))

    with patch("duebook.payments.services.settle_charge.today", return_value=day(1)):
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)

    assert Payment.objects.get().received_on == day()


def test_it_did_not_happen_frees_the_invoice(gateway: FakeGateway) -> None:
    charge = asked_out(gateway, after_effect=False)
    proposal = propose(charge, NOTHING)

    approve_outcome(proposal_id=proposal.pk, actor=OLGA)

    charge.refresh_from_db()
    assert (charge.state, charge.problem) == ("not_performed", NOTHING.reason)
    assert not ChargeLine.objects.filter(is_open=True).exists()
    assert not Payment.objects.exists()


def test_a_success_that_the_gateway_tells_of_later_is_booked_all_the_same(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    approve_outcome(proposal_id=propose(charge, NOTHING).pk, actor=OLGA)

    for _ in range(2):
        settle_charge(
            charge_id=charge.pk, seen=Seen(ChargeState.SUCCEEDED), channel=Observation.Channels.WEBHOOK
        )

    assert Charge.objects.get().state == "succeeded"
    assert Payment.objects.get().amount_minor == gateway.taken_minor() == 4000


def test_a_success_by_hand_stays_one_and_waits_when_the_gateway_denies_it(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    approve_outcome(proposal_id=propose(charge).pk, actor=OLGA)

    waiting = []
    for state in (ChargeState.DECLINED, ChargeState.NOT_PERFORMED, ChargeState.SUCCEEDED):
        settle_charge(charge_id=charge.pk, seen=Seen(state), channel=Observation.Channels.WEBHOOK)
        waiting.append([one.problem for one in disputed_charges()])

    assert Charge.objects.get().state == "succeeded"
    assert waiting == [
        ["the gateway says by now that it was declined"],
        ["the gateway says by now that it was never carried out"],
        [],
    ]
    assert Payment.objects.count() == 1
    assert Observation.objects.filter(channel="webhook").count() == 3


def test_while_the_gateway_is_asked_no_person_decides(gateway: FakeGateway) -> None:
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    before = everything()

    with pytest.raises(errors.StillAsked):
        propose(charge)

    assert everything() == before


def test_where_the_account_is_not_in_use_any_more_a_person_decides_at_once(gateway: FakeGateway) -> None:
    charge = charge_without_answer(gateway, make_invoice("100.00"))
    MerchantAccount.objects.update(active=False)

    approve_outcome(proposal_id=propose(charge).pk, actor=OLGA)

    assert Payment.objects.count() == 1
    assert charges_to_ask(most=10) == []


@pytest.mark.parametrize(
    ("by", "refusal"), [(actor(Role.CLERK, user_id=9), errors.Forbidden), (MIA, errors.OwnRequest)]
)
def test_clerks_and_who_proposed_approve_nothing(
    gateway: FakeGateway, by: Actor, refusal: type[errors.DomainError]
) -> None:
    for role in (Role.OWNER, Role.MANAGER):
        make_user(role=role)
    proposal = propose(asked_out(gateway), actor=MIA)
    before = everything()

    with pytest.raises(refusal):
        approve_outcome(proposal_id=proposal.pk, actor=by)

    assert everything() == before


def test_the_gateway_may_be_faster_than_the_second_person(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge, NOTHING)
    assert outcomes_to_decide().count() == 1
    Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
    ask_gateway(charge_id=charge.pk)

    with pytest.raises(errors.OutcomeKnown) as refusal:
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)

    assert refusal.value.values == {"number": str(charge), "state": "Approved"}
    assert Payment.objects.count() == 1
    assert OutcomeProposal.objects.get().state == "waiting"
    assert outcomes_to_decide().count() == 0


def test_one_outcome_waits_and_a_rejected_one_makes_room(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge)

    with pytest.raises(errors.OutcomeProposed):
        propose(charge, NOTHING)
    with pytest.raises(errors.ReasonRequired):
        reject_outcome(proposal_id=proposal.pk, reason="", request_key=key(), actor=OLGA)
    reject_outcome(proposal_id=proposal.pk, reason="Another charge", request_key=key(), actor=OLGA)
    with pytest.raises(errors.RequestDecided):
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)
    mine = propose(charge, NOTHING)
    with pytest.raises(errors.NotYourRequest):
        withdraw_outcome(proposal_id=mine.pk, request_key=key(), actor=MIA)
    withdraw_outcome(proposal_id=mine.pk, request_key=key(), actor=CARL)

    states = list(OutcomeProposal.objects.order_by("id").values_list("state", flat=True))
    assert states == ["rejected", "withdrawn"]
    assert not Payment.objects.exists()
    assert Event.objects.get(name="outcome.rejected").payload["reason"] == "Another charge"
    assert Event.objects.filter(name="outcome.withdrawn").count() == 1


def test_a_refund_that_happened_is_booked_once(gateway: FakeGateway) -> None:
    attempt = refund_asked_out(gateway)
    proposal = propose_refund(attempt, happened())

    for _ in range(2):
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)
    ask_about_refund_now(attempt_id=attempt.pk, actor=OLGA)

    row = Refund.objects.get()
    assert (row.gateway_refund_id, row.amount_minor, row.refunded_on) == (attempt.pk, 4000, day())
    assert Charge.objects.get().refunded_minor == 4000


def test_a_refund_that_did_not_happen_may_be_made_again(gateway: FakeGateway) -> None:
    attempt = refund_asked_out(gateway)

    approve_outcome(proposal_id=propose_refund(attempt, NOTHING).pk, actor=OLGA)

    attempt.refresh_from_db()
    assert (attempt.state, Charge.objects.get().refunding_minor) == ("failed", 0)
    assert not Refund.objects.exists()


def test_a_clerk_says_nothing_of_refunds(gateway: FakeGateway) -> None:
    attempt = refund_asked_out(gateway)

    with pytest.raises(errors.Forbidden):
        propose_refund(attempt, happened(), CARL)


def test_the_database_refuses_an_outcome_approved_by_who_proposed_it(gateway: FakeGateway) -> None:
    proposal = propose(asked_out(gateway))

    with pytest.raises(IntegrityError, match="by_a_second_person"), transaction.atomic():
        OutcomeProposal.objects.filter(pk=proposal.pk).update(
            state="approved", decided_by_id=1, decided_at=proposal.asked_at
        )


def test_what_is_unknown_is_not_found() -> None:
    with pytest.raises(errors.NotFound):
        propose(Charge(pk=99))
    with pytest.raises(errors.NotFound):
        propose_refund(GatewayRefund(pk=99), happened())
    with pytest.raises(errors.NotFound):
        approve_outcome(proposal_id=99, actor=OLGA)


def owner(name: str = "olga", role: Role = Role.OWNER) -> Actor:
    """Someone who may sign in, as actor."""
    return actor_for(make_user(role=role, email=f"{name}@example.com"), source=Source.WEB)


def aged(proposal: OutcomeProposal, hours: int = 24) -> OutcomeProposal:
    """The proposal as if it had been made so long ago."""
    with past_the_guards():
        OutcomeProposal.objects.filter(pk=proposal.pk).update(
            asked_at=timezone.now() - timedelta(hours=hours)
        )
    return proposal


def change(user_id: int, *, active: bool = True, role: Role = Role.MANAGER) -> None:
    change_user(user_id=user_id, name="Mia", role=role, active=active, request_key=key(), actor=SYSTEM)


@pytest.mark.parametrize("outcome", Outcome)
def test_in_a_business_of_one_person_who_proposed_approves_a_day_later(
    gateway: FakeGateway, outcome: Outcome
) -> None:
    olga = owner()
    make_user(role=Role.CLERK)
    make_user(role=Role.MANAGER, is_active=False)
    charge = asked_out(gateway)
    happens = outcome is Outcome.HAPPENED
    proposal = aged(propose(charge, happened() if happens else NOTHING, actor=olga))

    for _ in range(2):
        approve_outcome(proposal_id=proposal.pk, actor=olga)

    charge.refresh_from_db()
    assert charge.state == ("succeeded" if happens else "not_performed")
    event = Event.objects.get(name="outcome.approved")
    assert (event.actor_id, event.payload["others"]) == (olga.user_id, 0)
    assert verify_books() == []


def test_a_refund_too_is_settled_by_one_person_a_day_later(gateway: FakeGateway) -> None:
    olga = owner()
    proposal = aged(propose_refund(refund_asked_out(gateway), happened(), olga))

    approve_outcome(proposal_id=proposal.pk, actor=olga)

    assert Refund.objects.count() == 1


def test_before_the_day_is_over_it_says_from_when_on(gateway: FakeGateway) -> None:
    olga = owner()
    proposal = aged(propose(asked_out(gateway), actor=olga), hours=23)
    proposal.refresh_from_db()
    before = everything()

    with pytest.raises(errors.OwnRequestTooSoon) as refusal:
        approve_outcome(proposal_id=proposal.pk, actor=olga)

    assert refusal.value.values == {"moment": proposal.asked_at + timedelta(hours=24)}
    assert everything() == before


@pytest.mark.parametrize("how", ["added", "activated", "promoted"])
def test_as_soon_as_there_is_another_one_that_one_is_needed(gateway: FakeGateway, how: str) -> None:
    olga = owner()
    mia = make_user(role=Role.CLERK if how == "promoted" else Role.MANAGER, is_active=how == "promoted")
    proposal = aged(propose(asked_out(gateway), actor=olga))
    if how == "added":
        owner("ole")
    else:
        change(mia.pk)
    before = everything()

    with pytest.raises(errors.OwnRequest):
        approve_outcome(proposal_id=proposal.pk, actor=olga)
    with pytest.raises(errors.OwnRequest):
        reject_outcome(proposal_id=proposal.pk, reason="No", request_key=key(), actor=olga)

    assert everything() == before


def test_the_event_of_a_second_persons_approval_says_nothing_of_others(gateway: FakeGateway) -> None:
    approve_outcome(proposal_id=propose(asked_out(gateway)).pk, actor=OLGA)

    assert "others" not in Event.objects.get(name="outcome.approved").payload


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["added", "activated"])
def test_approving_alone_and_a_second_user_at_once_take_turns(gateway: FakeGateway, how: str) -> None:
    """Whoever waits sees what the other did: nobody approves alone what somebody else could by then."""
    olga = owner()
    mia = make_user(role=Role.MANAGER, is_active=False)
    proposal = aged(propose(asked_out(gateway), actor=olga))

    def one(approves: bool) -> bool:
        try:
            if approves:
                approve_outcome(proposal_id=proposal.pk, actor=olga)
            elif how == "added":
                add_user(
                    email="ole@example.com",
                    name="Ole",
                    role=Role.OWNER,
                    password="a-long-password-1",
                    request_key=key(),
                    actor=SYSTEM,
                )
            else:
                change(mia.pk)
        except errors.OwnRequest:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        approved = next(iter(pool.map(one, [True, False])))

    joined = Event.objects.get(name__in=["user.added", "user.changed"])
    alone = Event.objects.filter(name="outcome.approved").first()
    assert approved == (alone is not None)
    assert alone is None or alone.pk < joined.pk


@pytest.mark.django_db(transaction=True)
def test_who_approves_alone_waits_for_a_user_who_is_just_being_added(gateway: FakeGateway) -> None:
    olga = owner()
    proposal = aged(propose(asked_out(gateway), actor=olga))

    def approve() -> Any:
        try:
            approve_outcome(proposal_id=proposal.pk, actor=olga)
        except errors.OwnRequest as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            add_user(
                email="ole@example.com",
                name="Ole",
                role=Role.OWNER,
                password="a-long-password-1",
                request_key=key(),
                actor=SYSTEM,
            )
            waiting = pool.submit(approve)
            sleep(0.5)
            assert not waiting.done()
        answer = waiting.result(timeout=10)

    assert isinstance(answer, errors.OwnRequest)
    assert not Payment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_settles(gateway: FakeGateway) -> None:
    proposal = propose(asked_out(gateway))

    def one(user_id: int) -> bool:
        try:
            approve_outcome(proposal_id=proposal.pk, actor=actor(Role.OWNER, user_id=user_id))
        except errors.RequestDecided:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, range(2, 6)))

    assert (sum(done), Payment.objects.count()) == (1, 1)
    assert Event.objects.filter(name="outcome.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_gateway_at_once_book_once(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge)
    Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))

    def one(by_hand: bool) -> None:
        try:
            if by_hand:
                approve_outcome(proposal_id=proposal.pk, actor=OLGA)
            else:
                ask_gateway(charge_id=charge.pk)
        except errors.OutcomeKnown:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, [True, False]))

    assert Payment.objects.count() == 1
    assert gateway.taken_minor() == 4000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", [point for point in Point if point.name.startswith("SETTLE")])
def test_a_process_that_ends_while_approving_leaves_both_or_neither(
    gateway: FakeGateway, point: Point
) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge)

    with ending_at(point, EXCEPTION):
        approve_outcome(proposal_id=proposal.pk, actor=OLGA)
    proposal.refresh_from_db()
    charge.refresh_from_db()
    assert (proposal.state == "approved") == (charge.state == "succeeded")
    approve_outcome(proposal_id=proposal.pk, actor=OLGA)

    assert Payment.objects.count() == 1


def a_refused_refund(gateway: FakeGateway) -> GatewayRefund:
    attempt = refund_asked_out(gateway)
    approve_outcome(proposal_id=propose_refund(attempt, NOTHING).pk, actor=OLGA)
    return attempt


def test_a_refused_refund_waits_until_somebody_says_that_nothing_is_to_be_done(gateway: FakeGateway) -> None:
    attempt, request_key = a_refused_refund(gateway), key()
    waiting = list(refused_refunds())

    with pytest.raises(errors.Forbidden):
        resolve_refused_refund(attempt_id=attempt.pk, note="Seen", request_key=key(), actor=CARL)
    for _ in range(2):
        resolve_refused_refund(attempt_id=attempt.pk, note="Seen", request_key=request_key, actor=MIA)
    with pytest.raises(errors.RefundNotRefused):
        resolve_refused_refund(attempt_id=attempt.pk, note="Again", request_key=key(), actor=MIA)

    assert (waiting, list(refused_refunds())) == ([attempt], [])
    assert (RefundResolution.objects.get().note, RefundResolution.objects.get().resolved_by_id) == ("Seen", 2)
    assert Event.objects.filter(name="refund.resolved").count() == 1


def test_a_refund_by_hand_or_another_attempt_deals_with_a_refused_one(gateway: FakeGateway) -> None:
    first = a_refused_refund(gateway)

    make_refund(first.payment, "10.00", by=SYSTEM)

    assert list(refused_refunds()) == []
    with pytest.raises(errors.RefundNotRefused):
        resolve_refused_refund(attempt_id=first.pk, note="Seen", request_key=key(), actor=MIA)


@pytest.mark.broken_books
def test_verify_finds_an_outcome_that_settled_nothing(gateway: FakeGateway) -> None:
    proposal = propose(asked_out(gateway))

    OutcomeProposal.objects.filter(pk=proposal.pk).update(
        state="approved", decided_by_id=2, decided_at=proposal.asked_at
    )

    assert [finding.check for finding in verify_books()] == ["outcome_settled"]


@pytest.mark.broken_books
def test_verify_finds_an_outcome_approved_alone_without_saying_so(gateway: FakeGateway) -> None:
    olga = owner()
    proposal = aged(propose(asked_out(gateway), actor=olga))
    approve_outcome(proposal_id=proposal.pk, actor=olga)

    with past_the_guards():
        Event.objects.filter(name="outcome.approved").update(payload={})

    assert [finding.check for finding in verify_books()] == ["outcome_settled"]
