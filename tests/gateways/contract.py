"""What the tests of the contract share: requests, and what they need of a server."""

import uuid
from dataclasses import replace

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import ChargeRequest, Gateway, GatewayRefundRequest, SeenCharge
from tests.gateways.harness import Ability, Behaviour, Harness


def needs(*wanted: Ability | Behaviour) -> pytest.MarkDecorator:
    """Leave a test out for a gateway whose server lacks one of these: it would say nothing of the adapter."""
    return pytest.mark.needs(*wanted)


def gateway_of(harness: Harness) -> Gateway:
    """The adapter with everything right."""
    return harness.build(harness.credentials)


def a_request(
    harness: Harness, *, amount_minor: int = 5000, behaviour: Behaviour = Behaviour.APPROVES
) -> ChargeRequest:
    """A charge of a new customer's card, with a key and a reference of its own."""
    card = harness.card(behaviour)
    name = uuid.uuid4().hex
    return ChargeRequest(
        key=f"key-{name}",
        reference=f"invoice-{name}",
        amount=Money(amount_minor, "USD"),
        customer=card.customer,
        token=card.token,
        description="Invoice 1001",
        debts="#1 1001:5000",
    )


def charged(harness: Harness, *, amount_minor: int = 5000) -> SeenCharge:
    """A charge that succeeded."""
    gateway, request = gateway_of(harness), a_request(harness, amount_minor=amount_minor)
    return gateway.confirm(gateway.create(request).id, request)


def a_refund(charge: SeenCharge, amount_minor: int) -> GatewayRefundRequest:
    """A refund of a charge with a key and a reference of its own."""
    name = uuid.uuid4().hex
    return GatewayRefundRequest(
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
