"""What every adapter does with refunds, voids, disputes and settlements."""

from datetime import timedelta

import pytest

from duebook.domain.money import Money
from duebook.domain.settlements import LineKind
from duebook.gateways.protocol import DisputeOutcome, NothingHappened, RefundOutcome
from tests.gateways.contract import a_refund, a_request, charged, gateway_of, needs
from tests.gateways.harness import Ability, Harness


def test_a_charge_is_refunded_in_parts_up_to_what_was_captured(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    parts = [a_refund(charge, amount_minor) for amount_minor in (1000, 1500, 2500)]

    seen = [gateway.refund(part) for part in parts]

    assert {refund.outcome for refund in seen} == {RefundOutcome.SUCCEEDED}
    assert [refund.amount for refund in seen] == [Money(minor, "USD") for minor in (1000, 1500, 2500)]
    assert [refund.reference for refund in seen] == [part.reference for part in parts]
    assert {refund.charge_id for refund in seen} == {charge.id}
    assert gateway.fetch(charge.id).refunded_minor == 5000
    assert [gateway.fetch_refund(refund.id) for refund in seen] == seen
    assert sorted(refund.id for refund in gateway.list_refunds(charge.id)) == sorted(
        refund.id for refund in seen
    )


@needs(Ability.REFUSE_OVER_REFUNDS)
def test_more_than_what_is_left_is_not_refunded(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    gateway.refund(a_refund(charge, 3000))

    with pytest.raises(NothingHappened):
        gateway.refund(a_refund(charge, 2001))

    assert gateway.fetch(charge.id).refunded_minor == 3000


@needs(Ability.KEEP_KEYS)
def test_a_refund_sent_twice_under_one_key_is_one(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    request = a_refund(charge, 1000)

    first, second = gateway.refund(request), gateway.refund(request)

    assert first == second
    assert gateway.fetch(charge.id).refunded_minor == 1000


def test_what_was_not_captured_is_not_refunded(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)

    with pytest.raises(NothingHappened):
        gateway.refund(a_refund(created, 1000))


@needs(Ability.VOID)
def test_a_whole_charge_is_voided_before_it_is_settled(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    assert gateway.guarantees.can_void

    seen = gateway.void(a_refund(charge, 5000))

    assert (seen.outcome, seen.amount) == (RefundOutcome.SUCCEEDED, Money(5000, "USD"))
    assert gateway.fetch(charge.id).refunded_minor == 5000


def test_a_part_of_a_charge_is_not_voided(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)

    with pytest.raises(NothingHappened):
        gateway.void(a_refund(charge, 4999))

    assert gateway.fetch(charge.id).refunded_minor == 0


@needs(Ability.SETTLE)
def test_a_charge_that_was_settled_is_not_voided(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)
    harness.settle()

    with pytest.raises(NothingHappened):
        gateway.void(a_refund(charge, 5000))

    assert gateway.fetch(charge.id).refunded_minor == 0


@needs(Ability.SETTLE)
def test_a_settlement_lists_what_it_pays(harness: Harness):
    gateway = gateway_of(harness)
    harness.settle()
    charge = charged(harness)
    refund = gateway.refund(a_refund(charge, 1000))

    harness.settle()

    *_, settlement = gateway.list_settlements(since=harness.now().date() - timedelta(days=1))
    gross = {line.object_id: line.gross_minor for line in settlement.lines}
    assert gross == {charge.id: 5000, refund.id: -1000}
    assert [(line.kind, line.charge_id) for line in settlement.lines] == [
        (LineKind.CHARGE, charge.id),
        (LineKind.REFUND, charge.id),
    ]
    assert settlement.currency == "USD"
    assert settlement.gross_minor == 4000
    assert settlement.fee_minor == sum(line.fee_minor for line in settlement.lines)
    assert settlement.net_minor == settlement.gross_minor - settlement.fee_minor


@needs(Ability.DISPUTE)
def test_a_dispute_is_seen(harness: Harness):
    gateway, charge = gateway_of(harness), charged(harness)

    dispute = gateway.fetch_dispute(harness.open_dispute(charge.id))

    assert (dispute.outcome, dispute.charge_id) == (DisputeOutcome.OPEN, charge.id)
    assert dispute.amount == Money(5000, "USD")
    assert dispute.taken_minor in (0, 5000)
    assert dispute.fee_minor >= 0
