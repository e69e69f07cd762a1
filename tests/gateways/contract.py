"""What the tests of the contract share: requests, and skipping what a server cannot do."""

import uuid
from dataclasses import replace

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import ChargeRequest, Gateway, RefundRequest, SeenCharge
from tests.gateways.harness import Ability, Behaviour, Harness


def needs(harness: Harness, *abilities: Ability) -> None:
    """Skip where the server cannot do what the test is about."""
    for ability in abilities:
        if ability in harness.cannot:
            pytest.skip(f"the server of {harness.name} is unable: {ability.value}")


def gateway_of(harness: Harness) -> Gateway:
    """The adapter with everything right."""
    return harness.build(harness.credentials)


def a_request(
    harness: Harness, *, amount_minor: int = 5000, behaviour: Behaviour = Behaviour.APPROVES
) -> ChargeRequest:
    """A charge of a new customer's card, with a key and a reference of its own."""
    if behaviour not in harness.behaviours:
        pytest.skip(f"the server of {harness.name} has no card that {behaviour.value}")
    card = harness.card(behaviour)
    name = uuid.uuid4().hex
    return ChargeRequest(
        key=f"key-{name}",
        reference=f"invoice-{name}",
        amount=Money(amount_minor, "USD"),
        customer=card.customer,
        token=card.token,
        description="Invoice 1001",
    )


def charged(harness: Harness, *, amount_minor: int = 5000) -> SeenCharge:
    """A charge that succeeded."""
    gateway, request = gateway_of(harness), a_request(harness, amount_minor=amount_minor)
    return gateway.confirm(gateway.create(request).id, request)


def a_refund(charge: SeenCharge, amount_minor: int) -> RefundRequest:
    """A refund of a charge with a key and a reference of its own."""
    name = uuid.uuid4().hex
    return RefundRequest(
        key=f"key-{name}",
        reference=f"refund-{name}",
        charge_id=charge.id,
        amount=Money(amount_minor, charge.amount.currency),
    )


def with_amount(
    request: ChargeRequest, amount_minor: int, *, currency: str = "USD", key: str = ""
) -> ChargeRequest:
    """The same request of another amount, under the same key unless another is given."""
    return replace(request, amount=Money(amount_minor, currency), key=key or request.key)
