"""A dispute waits for a person until the bank has decided, and a lost one until somebody has seen it."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.disputes import DisputeState
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Dispute, DisputeReview
from duebook.payments.services.ask_about_dispute_now import ask_about_dispute_now
from duebook.payments.services.review_dispute import review_dispute
from duebook.payments.to_decide import count_to_decide
from tests.factories import SYSTEM, actor, key
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

LOST = DisputeState.LOST


def review(dispute: Dispute, state: DisputeState = LOST, **fields: Any) -> None:
    review_dispute(
        **{"dispute_id": dispute.pk, "state": state, "request_key": key(), "actor": SYSTEM, **fields}
    )


def a_lost_dispute(gateway: FakeGateway) -> Dispute:
    a_charged_payment()
    open_dispute(gateway)
    return decide_dispute(gateway, "lost")


def test_a_lost_dispute_leaves_once_somebody_has_seen_it(gateway: FakeGateway) -> None:
    dispute = a_lost_dispute(gateway)
    manager = actor(role=Role.MANAGER)
    assert count_to_decide() == 1

    review(dispute, actor=manager)

    assert count_to_decide() == 0
    row = DisputeReview.objects.get()
    assert (row.state, row.reviewed_by_id) == ("lost", manager.user_id)
    assert Event.objects.filter(name="dispute.reviewed").count() == 1


def test_the_same_request_again_is_seen_once(gateway: FakeGateway) -> None:
    dispute = a_lost_dispute(gateway)
    same = key()

    review(dispute, request_key=same)
    review(dispute, request_key=same)

    assert DisputeReview.objects.count() == 1
    with pytest.raises(errors.KeyReused):
        review(dispute, DisputeState.WON, request_key=same)


def test_a_dispute_that_the_bank_has_not_decided_stays(gateway: FakeGateway) -> None:
    a_charged_payment()
    dispute = open_dispute(gateway)
    before = everything()

    with pytest.raises(errors.DisputeUndecided):
        review(dispute, DisputeState.OPEN)

    assert everything() == before


def test_a_dispute_that_was_won_meanwhile_or_seen_by_another_is_looked_at_again(gateway: FakeGateway) -> None:
    dispute = a_lost_dispute(gateway)
    with pytest.raises(errors.DisputeChanged):
        review(dispute, DisputeState.WON)
    review(dispute)

    with pytest.raises(errors.DisputeChanged):
        review(dispute)

    assert DisputeReview.objects.count() == 1


@pytest.mark.parametrize("role", [Role.CLERK, Role.VIEWER])
def test_who_deals_with_no_messages_has_no_say(gateway: FakeGateway, role: Role) -> None:
    dispute = a_lost_dispute(gateway)
    before = everything()

    with pytest.raises(errors.Forbidden):
        review(dispute, actor=actor(role=role))
    with pytest.raises(errors.Forbidden):
        ask_about_dispute_now(dispute_id=dispute.pk, actor=actor(role=role))

    assert everything() == before


def test_a_dispute_that_is_none_is_not_found(gateway: FakeGateway) -> None:
    with pytest.raises(errors.NotFound):
        review_dispute(dispute_id=0, state=LOST, request_key=key(), actor=SYSTEM)
    with pytest.raises(errors.NotFound):
        ask_about_dispute_now(dispute_id=0, actor=SYSTEM)


def test_a_lost_dispute_that_is_won_after_all_needs_nobody(gateway: FakeGateway) -> None:
    a_lost_dispute(gateway)

    decide_dispute(gateway, "won")

    assert count_to_decide() == 0


def test_asking_settles_what_the_gateway_says_now(gateway: FakeGateway) -> None:
    a_charged_payment()
    dispute = open_dispute(gateway)
    gateway.decide_dispute(outcome="won")

    found = ask_about_dispute_now(dispute_id=dispute.pk, actor=SYSTEM)

    assert (found.state, found.booked_minor) == ("won", 0)


def test_a_gateway_that_does_not_answer_changes_nothing(gateway: FakeGateway) -> None:
    a_charged_payment()
    dispute = open_dispute(gateway)
    gateway.fail("fetch_dispute", OutcomeUnknown)
    before = everything()

    with pytest.raises(errors.GatewayUnreachable):
        ask_about_dispute_now(dispute_id=dispute.pk, actor=SYSTEM)

    assert everything() == before
