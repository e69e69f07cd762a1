"""verify: each thing that is wrong with a settlement gives its finding."""

from typing import Any

import pytest

from duebook.events.models import Event
from duebook.ledger.models import Transfer
from duebook.payments.models import (
    Charge,
    ClearingByHand,
    PaymentType,
    Settlement,
    SettlementLine,
    SettlementReturn,
)
from duebook.reports.services.verify_books import verify_books
from tests.factories import make_invoice, make_payment
from tests.past_the_guards import past_the_guards
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import a_charge, fetch, line_of, line_of_settlement

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


@pytest.fixture
def settlement(gateway: FakeGateway) -> Settlement:
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    fetch()
    return Settlement.objects.get()


def broken() -> set[str]:
    return {finding.check for finding in verify_books()}


@pytest.mark.parametrize("fields", [{"gross_minor": 9000}, {"fee_minor": 0}])
def test_lines_that_do_not_add_up_are_seen(settlement: Settlement, fields: dict[str, int]) -> None:
    with past_the_guards():
        SettlementLine.objects.update(**fields)

    assert "settlement_lines" in broken()


def test_a_settlement_that_clears_charges_without_being_booked_is_seen(settlement: Settlement) -> None:
    transfers = [settlement.net_transfer_id, settlement.fee_transfer_id]
    with past_the_guards():
        Settlement.objects.update(booked_on=None, net_transfer=None, fee_transfer=None)
        Transfer.objects.filter(pk__in=transfers).delete()

    assert {(one.check, one.what) for one in verify_books()} == {
        ("settlement_unbooked", f"S-{settlement.pk}")
    }


def test_a_settlement_without_its_lines_is_seen(settlement: Settlement) -> None:
    with past_the_guards():
        SettlementLine.objects.all().delete()

    assert broken() == {"settlement_lines", "charge_cleared"}


@pytest.mark.parametrize(
    "fields",
    [{"amount_minor": 1}, {"currency": "EUR"}, {"credit_account_id": 3}, {"effective_on": "2020-01-01"}],
)
@pytest.mark.parametrize("kind", ["settled", "processor_fee"])
def test_a_transfer_that_says_something_else_is_seen(
    settlement: Settlement, kind: str, fields: dict[str, Any]
) -> None:
    with past_the_guards():
        Transfer.objects.filter(kind=kind).update(**fields)

    assert broken() == {"settlement_transfers"}


def test_a_settlement_without_its_transfer_is_seen_from_both_sides(settlement: Settlement) -> None:
    with past_the_guards():
        Settlement.objects.update(net_transfer=None)

    assert broken() == {"settlement_transfers", "transfer_of_settlement"}


def test_fees_of_no_settlement_are_seen(settlement: Settlement) -> None:
    with past_the_guards():
        Settlement.objects.update(fee_transfer=None)

    assert broken() == {"settlement_transfers", "transfer_of_settlement"}


def test_a_settlement_without_its_event_is_seen(settlement: Settlement) -> None:
    with past_the_guards():
        Event.objects.filter(name="settlement.imported").delete()

    assert broken() == {"settlement_event"}


def test_an_event_without_its_settlement_is_seen(settlement: Settlement) -> None:
    Event.objects.create(
        name="settlement.imported", actor_id=0, source="job", payload={"settlement_id": 9999}
    )

    assert broken() == {"settlement_event"}


def test_a_line_that_clears_no_charge_or_another_one_is_seen(settlement: Settlement) -> None:
    with past_the_guards():
        SettlementLine.objects.update(charge=None)

    assert broken() == {"line_clears", "charge_cleared"}


@pytest.mark.parametrize("field", ["cleared_minor", "dispute_fee_minor", "returned_minor"])
def test_a_charge_that_counts_something_else_is_seen(settlement: Settlement, field: str) -> None:
    Charge.objects.update(**{field: 100})

    assert "charge_cleared" in broken()


def test_a_charge_whose_transfer_went_elsewhere_is_seen(settlement: Settlement) -> None:
    with past_the_guards():
        Transfer.objects.filter(kind="payment_received").update(debit_account_id=2)

    assert "charge_held" in broken()


@pytest.fixture
def returned(settlement: Settlement, gateway: FakeGateway) -> SettlementReturn:
    back = gateway.send_back()
    gateway.pay_out(line_of_settlement(back, part_minor=5000))
    fetch()
    return SettlementReturn.objects.get()


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_minor": 9000},
        {"currency": "EUR"},
        {"cleared_minor": 9680},
        {"waits_since": None},
        {"booked_on": "2020-01-01"},
    ],
)
def test_a_return_that_says_something_else_is_seen(
    returned: SettlementReturn, fields: dict[str, Any]
) -> None:
    with past_the_guards():
        SettlementReturn.objects.update(**fields)

    assert "settlement_return" in broken()


def test_a_return_without_its_transfer_is_seen_from_both_sides(returned: SettlementReturn) -> None:
    with past_the_guards():
        SettlementReturn.objects.update(transfer=None)

    assert broken() == {"settlement_return", "transfer_of_settlement"}


def test_a_return_without_its_event_is_seen(returned: SettlementReturn) -> None:
    with past_the_guards():
        Event.objects.filter(name="settlement.returned").delete()

    assert broken() == {"settlement_event"}


def test_a_line_that_names_no_return_though_it_pays_one_again_is_seen(returned: SettlementReturn) -> None:
    with past_the_guards():
        SettlementLine.objects.update(settlement_return=None)

    assert broken() == {"line_pays_again", "settlement_return"}


def test_what_was_moved_by_hand_and_is_not_counted_is_seen(settlement: Settlement) -> None:
    account = settlement.merchant_account.clearing_account
    PaymentType.objects.filter(label="Cash").update(account=account)
    make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")
    ClearingByHand.objects.update(moved_minor=2999)

    assert broken() == {"clearing_by_hand"}
