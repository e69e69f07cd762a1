"""Outcomes that a person saw at the processor: proposed by one, approved by another, settled once."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.charging import ChargeState
from duebook.domain.permissions import Actor, Role
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
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
)
from duebook.payments.points import Point
from duebook.payments.services.approve_outcome import approve_outcome
from duebook.payments.services.ask_about_refund_now import ask_about_refund_now
from duebook.payments.services.ask_gateway import ask_gateway, charges_to_ask
from duebook.payments.services.reject_outcome import reject_outcome
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.withdraw_outcome import withdraw_outcome
from duebook.payments.to_decide import disputed_charges, outcomes_to_decide
from duebook.reports.services.verify_books import verify_books
from tests.factories import actor, day, key, make_invoice, make_user
from tests.payments.charging import charge_without_answer
from tests.payments.ends import EXCEPTION, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import (
    CARL,
    MIA,
    NOTHING,
    OLGA,
    asked_out,
    happened,
    propose,
    propose_refund,
    refund_asked_out,
)
from tests.snapshot import everything
from tests.threads import at_once, in_threads

pytestmark = pytest.mark.django_db


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

    with patch("duebook.payments.services.settle_charge.today_in", return_value=day(1)):
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
        ["The processor says by now that it was declined."],
        ["The processor says by now that it was never carried out."],
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


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_settles(gateway: FakeGateway) -> None:
    proposal = propose(asked_out(gateway))

    def approve(i: int) -> None:
        approve_outcome(proposal_id=proposal.pk, actor=actor(Role.OWNER, user_id=2 + i))

    results = in_threads(4, approve)

    assert sum(isinstance(result, errors.RequestDecided) for result in results) == 3
    assert Payment.objects.count() == 1
    assert Event.objects.filter(name="outcome.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_gateway_at_once_book_once(gateway: FakeGateway) -> None:
    charge = asked_out(gateway)
    proposal = propose(charge)
    Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))

    by_hand, _ = at_once(
        lambda: approve_outcome(proposal_id=proposal.pk, actor=OLGA),
        lambda: ask_gateway(charge_id=charge.pk),
    )

    assert isinstance(by_hand, Charge | errors.OutcomeKnown)
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


@pytest.mark.broken_books
def test_verify_finds_an_outcome_that_settled_nothing(gateway: FakeGateway) -> None:
    proposal = propose(asked_out(gateway))

    OutcomeProposal.objects.filter(pk=proposal.pk).update(
        state="approved", decided_by_id=2, decided_at=proposal.asked_at
    )

    assert [finding.check for finding in verify_books()] == ["outcome_settled"]
