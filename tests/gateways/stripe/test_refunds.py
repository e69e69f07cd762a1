"""Giving back what Stripe captured, and never more."""

from dataclasses import replace

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import GatewayRefundRequest, NothingHappened, RefundOutcome, SeenCharge
from duebook.gateways.stripe.adapter import StripeGateway
from tests.gateways.stripe.on_file import DECLINED_WHEN_CHARGED, make_card, make_request
from tests.gateways.stripe.stand_in import StandIn

REFUNDS = "/v1/refunds"


def paid(gateway: StripeGateway, server: StandIn, reference: str) -> SeenCharge:
    request = make_request(make_card(server.url), reference)
    return gateway.confirm(gateway.create(request).id, request)


def back(charge: SeenCharge, reference: str, minor: int) -> GatewayRefundRequest:
    return GatewayRefundRequest(f"key-{reference}", reference, charge.id, Money(minor, "USD"))


def test_a_part_is_given_back(gateway: StripeGateway, server: StandIn) -> None:
    charge = paid(gateway, server, "refund-1")

    refund = gateway.refund(back(charge, "back-1", 2500))

    assert (refund.outcome, refund.amount) == (RefundOutcome.SUCCEEDED, Money(2500, "USD"))
    assert (refund.charge_id, refund.reference) == (charge.id, "back-1")
    assert gateway.fetch(charge.id).refunded_minor == 2500
    assert gateway.fetch_refund(refund.id) == refund
    (sent,) = server.sent("POST", REFUNDS)
    assert sent.key == "key-back-1"


def test_parts_add_up_to_the_whole_and_no_further(gateway: StripeGateway, server: StandIn) -> None:
    charge = paid(gateway, server, "refund-2")
    gateway.refund(back(charge, "back-2a", 2500))
    gateway.refund(back(charge, "back-2b", 7500))

    with pytest.raises(NothingHappened) as refused:
        gateway.refund(back(charge, "back-2c", 1))

    assert refused.value.code == "above_what_is_left"
    assert sorted(one.amount.minor for one in gateway.list_refunds(charge.id)) == [2500, 7500]
    assert gateway.fetch(charge.id).refunded_minor == 10000
    assert len(server.sent("POST", REFUNDS)) == 2


def test_a_refund_is_made_once_even_when_its_key_is_forgotten(
    gateway: StripeGateway, server: StandIn
) -> None:
    charge = paid(gateway, server, "refund-3")
    request = back(charge, "back-3", 4000)
    first = gateway.refund(request)

    assert gateway.refund(replace(request, key="another")) == first
    assert len(server.sent("POST", REFUNDS)) == 1


def test_another_currency_is_not_given_back(gateway: StripeGateway, server: StandIn) -> None:
    charge = paid(gateway, server, "refund-4")

    with pytest.raises(NothingHappened):
        gateway.refund(replace(back(charge, "back-4", 100), amount=Money(100, "EUR")))

    assert server.sent("POST", REFUNDS) == []


def test_what_was_not_captured_is_not_given_back(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url, DECLINED_WHEN_CHARGED), "refund-5")
    declined = gateway.confirm(gateway.create(request).id, request)

    with pytest.raises(NothingHappened) as refused:
        gateway.refund(back(declined, "back-5", 100))

    assert refused.value.code == "not_captured"
    assert server.sent("POST", REFUNDS) == []


def test_stripe_voids_nothing(gateway: StripeGateway, server: StandIn) -> None:
    charge = paid(gateway, server, "refund-6")

    with pytest.raises(NothingHappened):
        gateway.void(back(charge, "back-6", 10000))

    assert gateway.guarantees.can_void is False
    assert gateway.fetch(charge.id).refunded_minor == 0
