"""What every adapter does with charges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import (
    DeclineClass,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    Outcome,
)
from tests.gateways.contract import a_request, charged, gateway_of, needs, with_amount
from tests.gateways.harness import Ability, Behaviour, Harness

DECLINES = {
    Behaviour.INSUFFICIENT_FUNDS: DeclineClass.INSUFFICIENT_FUNDS,
    Behaviour.EXPIRED: DeclineClass.EXPIRED,
    Behaviour.STOLEN: DeclineClass.STOLEN,
    Behaviour.NEVER_APPROVE: DeclineClass.NEVER_APPROVE,
}


def test_a_charge_is_created_without_moving_money(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    created = gateway.create(request)

    assert created.outcome is Outcome.NOT_CONFIRMED
    assert (created.amount, created.reference) == (Money(5000, "USD"), request.reference)
    assert (created.captured_minor, created.refunded_minor, created.decline) == (0, 0, None)
    assert abs(harness.now() - created.created_at) < timedelta(minutes=1)
    assert gateway.fetch(created.id) == created


def test_a_charge_says_what_it_pays_and_when_it_was_made_by_the_gateways_clock(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    before = datetime.now(UTC) - timedelta(seconds=1)

    created = gateway.create(request)

    assert created.debts == gateway.fetch(created.id).debts == request.debts == "#1 1001:5000"
    assert created.answered_at is not None
    assert before <= created.answered_at <= datetime.now(UTC)


def test_a_charge_that_pays_nothing_named_says_nothing(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    created = gateway.create(replace(request, debts=""))

    assert gateway.fetch(created.id).debts == ""


@needs(Ability.KEEP_KEYS)
def test_a_charge_created_twice_under_one_key_is_one(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    first, second = gateway.create(request), gateway.create(request)

    assert first == second


@needs(Ability.KEEP_KEYS, Ability.COMPARE_KEYS)
def test_another_charge_under_the_same_key_is_refused(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    gateway.create(request)

    with pytest.raises(NothingHappened):
        gateway.create(with_amount(request, 5001))


def test_confirmed_a_charge_is_captured(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)

    confirmed = gateway.confirm(created.id, request)

    assert confirmed.id == created.id
    assert confirmed.outcome is Outcome.SUCCEEDED
    assert (confirmed.amount, confirmed.captured_minor, confirmed.refunded_minor) == (request.amount, 5000, 0)
    assert confirmed.card is not None
    assert confirmed.card.token == request.token
    assert len(confirmed.card.last_four) == 4
    assert gateway.fetch(created.id) == confirmed


def test_confirmed_twice_it_is_captured_once(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)
    gateway.confirm(created.id, request)

    again = gateway.confirm(created.id, request)

    assert (again.outcome, again.captured_minor) == (Outcome.SUCCEEDED, 5000)


@needs(Ability.KEEP_KEYS)
def test_created_again_after_it_was_confirmed_it_is_shown_as_it_stands(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    confirmed = gateway.confirm(gateway.create(request).id, request)

    again = gateway.create(request)

    assert again == confirmed


@pytest.mark.parametrize("behaviour", [pytest.param(one, marks=needs(one)) for one in DECLINES])
def test_a_decline_is_an_answer_with_its_class(harness: Harness, behaviour: Behaviour):
    gateway, request = gateway_of(harness), a_request(harness, behaviour=behaviour)
    created = gateway.create(request)

    confirmed = gateway.confirm(created.id, request)

    assert (confirmed.outcome, confirmed.captured_minor) == (Outcome.DECLINED, 0)
    assert confirmed.decline is not None
    assert confirmed.decline.kind is DECLINES[behaviour]
    assert confirmed.decline.code
    assert confirmed.decline.message
    assert gateway.fetch(created.id) == confirmed


@needs(Behaviour.AUTHENTICATION_REQUIRED)
def test_a_charge_may_ask_for_the_customer(harness: Harness):
    gateway = gateway_of(harness)
    request = a_request(harness, behaviour=Behaviour.AUTHENTICATION_REQUIRED)
    created = gateway.create(request)

    confirmed = gateway.confirm(created.id, request)

    assert (confirmed.outcome, confirmed.captured_minor) == (Outcome.REQUIRES_ACTION, 0)
    assert confirmed.action_url.startswith("http")


@needs(Behaviour.AUTHENTICATION_REQUIRED)
def test_authenticated_by_the_customer_it_succeeds(harness: Harness):
    gateway = gateway_of(harness)
    request = a_request(harness, behaviour=Behaviour.AUTHENTICATION_REQUIRED)
    asking = gateway.confirm(gateway.create(request).id, request)

    harness.authenticate(asking)

    seen = gateway.fetch(asking.id)
    assert (seen.outcome, seen.captured_minor, seen.action_url) == (Outcome.SUCCEEDED, 5000, "")


@needs(Ability.CANCEL_CHARGES)
def test_cancelled_before_it_is_confirmed_it_never_happens(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)

    cancelled = gateway.cancel(created.id)

    assert cancelled.outcome is Outcome.CANCELLED
    assert gateway.cancel(created.id).outcome is Outcome.CANCELLED
    assert gateway.fetch(created.id).captured_minor == 0


@needs(Ability.CANCEL_CHARGES)
def test_a_cancelled_charge_cannot_be_confirmed(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)
    gateway.cancel(created.id)

    confirmed = gateway.confirm(created.id, request)

    assert (confirmed.outcome, confirmed.captured_minor) == (Outcome.CANCELLED, 0)


@needs(Ability.CANCEL_CHARGES)
@needs(Behaviour.AUTHENTICATION_REQUIRED)
def test_cancelled_while_it_asks_for_the_customer_it_never_happens(harness: Harness):
    gateway = gateway_of(harness)
    request = a_request(harness, behaviour=Behaviour.AUTHENTICATION_REQUIRED)
    asking = gateway.confirm(gateway.create(request).id, request)

    cancelled = gateway.cancel(asking.id)

    assert (cancelled.outcome, cancelled.captured_minor) == (Outcome.CANCELLED, 0)


def test_cancelled_after_its_success_it_stays_succeeded(harness: Harness):
    gateway = gateway_of(harness)
    charge = charged(harness)

    seen = gateway.cancel(charge.id)

    assert (seen.outcome, seen.captured_minor) == (Outcome.SUCCEEDED, 5000)
    assert gateway.fetch(charge.id) == charge


def test_a_charge_that_is_not_there_is_said_to_be_nothing(harness: Harness):
    with pytest.raises(NoSuchObject):
        gateway_of(harness).fetch("ch_404")


@needs(Ability.LIST_BY_TIME)
def test_a_charge_is_found_by_its_reference_among_those_of_its_time(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)
    moment = timedelta(seconds=2)

    listed = gateway.list_charges(since=created.created_at - moment, until=created.created_at + moment)
    before = gateway.list_charges(since=created.created_at - 2 * moment, until=created.created_at - moment)

    assert [seen.id for seen in listed if seen.reference == request.reference] == [created.id]
    assert [seen.id for seen in before if seen.reference == request.reference] == []


@needs(Ability.LIST_BY_TIME)
def test_more_charges_than_a_page_holds_are_listed_once_each(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    since = harness.now() - timedelta(seconds=2)
    requests = [with_amount(request, 1000 + n, key=f"{request.key}-{n}") for n in range(103)]
    made = {gateway.create(each).id for each in requests}
    until = harness.now() + timedelta(seconds=2)

    listed = [seen.id for seen in gateway.list_charges(since=since, until=until)]

    assert len(made) == 103
    assert made <= set(listed)
    assert len(listed) == len(set(listed))


@needs(Ability.REFUSE_CURRENCIES)
def test_a_currency_that_the_account_lacks_is_a_matter_of_its_configuration(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    with pytest.raises(Misconfigured):
        gateway.create(with_amount(request, 5000, currency=harness.foreign_currency))


@needs(Ability.REFUSE_SMALL_AMOUNTS)
def test_an_amount_below_the_least_is_refused(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    least_minor = gateway.guarantees.minimum_minor["USD"]

    with pytest.raises(NothingHappened) as refused:
        gateway.create(with_amount(request, least_minor - 1))

    assert not isinstance(refused.value, Misconfigured)
    assert gateway.create(with_amount(request, least_minor, key=f"{request.key}-2")).id


def test_what_is_kept_of_an_answer_holds_no_secret(harness: Harness):
    charge = charged(harness)

    assert charge.raw
    assert harness.credentials.secret not in repr(charge)
    assert "client_secret" not in repr(charge.raw)
