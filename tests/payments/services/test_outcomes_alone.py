"""An outcome in a business of one person, who approves it alone, a day later."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from duebook.domain import errors
from duebook.domain.permissions import Actor, Role, Source
from duebook.domain.second_person import Outcome
from duebook.events.models import Event
from duebook.payments.models import Payment, Refund
from duebook.payments.services.approve_outcome import approve_outcome
from duebook.payments.services.reject_outcome import reject_outcome
from duebook.reports.services.verify_books import verify_books
from duebook.staff.queries import actor_for
from duebook.staff.services.add_user import add_user
from duebook.staff.services.change_user import change_user
from tests.factories import SYSTEM, key, make_user
from tests.past_the_guards import past_the_guards
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import (
    NOTHING,
    OLGA,
    aged,
    asked_out,
    happened,
    propose,
    propose_refund,
    refund_asked_out,
)
from tests.snapshot import everything
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def owner(name: str = "olga", role: Role = Role.OWNER) -> Actor:
    """Someone who may sign in, as actor."""
    return actor_for(make_user(role=role, email=f"{name}@example.com"), source=Source.WEB)


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

    def join() -> None:
        if how == "activated":
            change(mia.pk)
        else:
            add_user(
                email="ole@example.com",
                name="Ole",
                role=Role.OWNER,
                password="a-long-password-1",
                request_key=key(),
                actor=SYSTEM,
            )

    answer, _ = at_once(lambda: approve_outcome(proposal_id=proposal.pk, actor=olga), join)

    joined = Event.objects.get(name__in=["user.added", "user.changed"])
    alone = Event.objects.filter(name="outcome.approved").first()
    assert isinstance(answer, errors.OwnRequest) == (alone is None)
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
        answer = waiting.result(timeout=60)

    assert isinstance(answer, errors.OwnRequest)
    assert not Payment.objects.exists()


@pytest.mark.broken_books
def test_verify_finds_an_outcome_approved_alone_without_saying_so(gateway: FakeGateway) -> None:
    olga = owner()
    proposal = aged(propose(asked_out(gateway), actor=olga))
    approve_outcome(proposal_id=proposal.pk, actor=olga)

    with past_the_guards():
        Event.objects.filter(name="outcome.approved").update(payload={})

    assert [finding.check for finding in verify_books()] == ["outcome_settled"]
