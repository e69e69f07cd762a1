"""How every adapter saves a card, and forgets it."""

import uuid

import pytest

from duebook.gateways.protocol import NothingHappened, Outcome, SetupHandle, SetupOutcome
from tests.gateways.contract import a_request, charged, gateway_of, needs
from tests.gateways.harness import Ability, Behaviour, Harness


def begun(harness: Harness, *, customer: str = "", pays_now: bool = False) -> tuple[SetupHandle, str]:
    """A setup and its reference."""
    reference = f"setup-{uuid.uuid4().hex}"
    setup = gateway_of(harness).begin_setup(
        reference=reference,
        customer=customer,
        name="Acme",
        email="acme@example.com",
        return_url="https://pay.example.com/saved/",
        pays_now=pays_now,
    )
    return setup, reference


def test_a_setup_waits_for_the_customer(harness: Harness):
    setup, reference = begun(harness)

    seen = gateway_of(harness).fetch_setup(setup.id)

    assert (seen.id, seen.customer, seen.reference) == (setup.id, setup.customer, reference)
    assert (seen.outcome, seen.card, seen.decline) == (SetupOutcome.WAITING, None, None)
    assert setup.customer
    assert setup.page_url or (setup.script_url and setup.public_key and setup.client_secret)


@pytest.mark.parametrize("pays_now", [False, True])
def test_a_card_that_was_typed_is_saved_and_can_be_charged(harness: Harness, pays_now: bool):
    gateway = gateway_of(harness)
    setup, _ = begun(harness, pays_now=pays_now)

    harness.type_card(setup, Behaviour.APPROVES)

    seen = gateway.fetch_setup(setup.id)
    assert seen.outcome is SetupOutcome.SAVED
    assert seen.card is not None
    assert (seen.card.customer, seen.card.last_four) == (setup.customer, "4242")
    assert 1 <= seen.card.exp_month <= 12
    assert seen.card.exp_year > 2000
    assert seen.card.brand.lower() == "visa"


def test_a_second_card_of_a_customer_is_saved_beside_the_first(harness: Harness):
    gateway = gateway_of(harness)
    first, _ = begun(harness)
    harness.type_card(first, Behaviour.APPROVES)

    second, _ = begun(harness, customer=first.customer)
    harness.type_card(second, Behaviour.APPROVES)

    cards = [gateway.fetch_setup(setup.id).card for setup in (first, second)]
    assert {card.customer for card in cards if card} == {first.customer}
    assert len({card.token for card in cards if card}) == 2


@needs(Ability.DECLINE_SETUPS)
def test_a_card_that_its_bank_refuses_is_not_saved(harness: Harness):
    gateway = gateway_of(harness)
    setup, _ = begun(harness)

    harness.type_card(setup, Behaviour.REFUSED_WHEN_SAVED)

    seen = gateway.fetch_setup(setup.id)
    assert (seen.outcome, seen.card) == (SetupOutcome.DECLINED, None)
    assert seen.decline is not None
    assert seen.decline.message


@needs(Ability.FORGET_CARDS)
def test_a_forgotten_card_is_not_charged(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    gateway.forget_card(request.token)

    with pytest.raises(NothingHappened):
        gateway.create(request)


@needs(Ability.FORGET_CARDS)
def test_a_card_is_forgotten_twice_and_one_that_is_not_there_as_well(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)

    gateway.forget_card(request.token)
    gateway.forget_card(request.token)
    gateway.forget_card("card_404")


@needs(Ability.FORGET_CARDS)
def test_a_charge_stays_what_it_was_when_its_card_is_forgotten(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    assert charge.card is not None

    gateway.forget_card(charge.card.token)

    assert gateway.fetch(charge.id).outcome is Outcome.SUCCEEDED
