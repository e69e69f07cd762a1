"""What has cleared is counted on its charge, whichever of the two is known first."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from duebook.domain.charging import ChargeState
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown, SettlementLine
from duebook.ledger.models import Account
from duebook.payments.charge_reading import Seen
from duebook.payments.clearing import charges_that_clear, returns_that_clear
from duebook.payments.models import (
    Charge,
    ClearingByHand,
    Observation,
    Payment,
    PaymentType,
    SettlementLine as Line,
)
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from tests.factories import SYSTEM, day, key, make_invoice, make_payment, usd
from tests.payments.acts import bounce
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, a_refund, fetch, line_of, line_of_refund
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def uncleared(charge: Charge) -> int:
    return Charge.objects.values_list("uncleared_minor", flat=True).get(pk=charge.pk)


def a_charge_of_no_id(gateway: FakeGateway) -> Charge:
    """A charge that the processor has, and of which we did not learn its id: ``ch_1`` there."""
    gateway.fail("create", OutcomeUnknown, after_effect=True)
    charge = a_charge()
    gateway.succeed("ch_1")
    return charge


def become_known(charge: Charge) -> None:
    settle_charge(
        charge_id=charge.pk,
        seen=Seen(ChargeState.SUCCEEDED, gateway_id="ch_1", captured=usd("100.00")),
        channel=Observation.Channels.WEBHOOK,
    )


def test_a_charge_counts_what_the_lines_of_settlements_clear(gateway: FakeGateway) -> None:
    charge, other = a_charge(), a_charge("20.00")
    gateway.is_settled = True
    gateway.pay_out(line_of(charge, fee_minor=320), line_of_refund(a_refund(charge, "25.00")), line_of(other))

    assert (uncleared(charge), uncleared(other)) == (7500, 2000)
    fetch()

    assert (uncleared(charge), uncleared(other)) == (0, 0)
    assert Charge.objects.get(pk=charge.pk).cleared_minor == 7500
    assert list(Line.objects.order_by("pk").values_list("charge", flat=True)) == [
        charge.pk,
        charge.pk,
        other.pk,
    ]


def test_a_dispute_with_its_fee_and_a_return_by_letter_wait_to_be_cleared(gateway: FakeGateway) -> None:
    charge, returned = a_charge(), a_charge("20.00")
    gateway.pay_out(line_of(charge), line_of(returned))
    fetch()

    settle_dispute(
        charge_id=charge.pk,
        answer=gateway.fetch_dispute(gateway.open_dispute(charge.gateway_id)),
        channel=Observation.Channels.WEBHOOK,
    )
    bounce(Payment.objects.get(charge_id=returned.pk))

    assert (uncleared(charge), uncleared(returned)) == (-11500, -2000)
    gateway.decide_dispute(outcome="won")
    settle_dispute(charge_id=charge.pk, answer=gateway.disputes["dp_1"], channel=Observation.Channels.WEBHOOK)
    assert uncleared(charge) == 0


def test_a_line_in_another_currency_than_the_charge_clears_nothing_of_it(gateway: FakeGateway) -> None:
    charge = a_charge()
    gateway.pay_out(line_of(charge), currency="EUR")

    fetch()

    assert uncleared(charge) == 10000
    assert Line.objects.get().charge is None


def test_a_charge_whose_id_becomes_known_later_is_cleared_by_the_line_that_was_there(
    gateway: FakeGateway,
) -> None:
    charge = a_charge_of_no_id(gateway)
    gateway.pay_out(SettlementLine("ch_1", 10000, 320, LineKind.CHARGE, "ch_1"))
    fetch()
    assert (uncleared(charge), Line.objects.get().charge) == (0, None)

    become_known(charge)

    assert (uncleared(charge), Line.objects.get().charge) == (0, charge)
    assert Charge.objects.get().cleared_minor == 10000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "held", [Point.SETTLEMENT_LINES_WRITTEN, Point.SETTLE_STATE_WRITTEN, Point.SETTLE_CLEARED]
)
def test_a_charge_that_becomes_known_while_its_settlement_is_imported_is_cleared_once(
    gateway: FakeGateway, held: Point
) -> None:
    """Whichever is held at its point: the other goes as far as it can meanwhile."""
    charge = a_charge_of_no_id(gateway)
    gateway.pay_out(SettlementLine("ch_1", 10000, 320, LineKind.CHARGE, "ch_1"))
    works: list[Callable[[], object]] = [fetch, lambda: become_known(charge)]
    first, other = works if held is Point.SETTLEMENT_LINES_WRITTEN else works[::-1]
    others: list[Future[None]] = []

    def run() -> None:
        try:
            other()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:

        def at(point: Point) -> None:
            if point is held and not others:
                others.append(pool.submit(run))
                wait(others, timeout=1)

        with at_each_point(at):
            first()
        others[0].result()

    assert Charge.objects.get().cleared_minor == 10000
    assert Line.objects.get().charge == charge


@pytest.mark.parametrize("find", [charges_that_clear, returns_that_clear])
def test_more_ids_are_looked_for_than_a_statement_takes_parameters(
    gateway: FakeGateway, find: Callable[..., dict[str, int]]
) -> None:
    charge = a_charge("100.00")
    gateway.send_back(gateway.pay_out(line_of(charge)).id)
    fetch()
    ids = ["", "st_1", charge.gateway_id, *(f"else_{number}" for number in range(70_000))]

    found = find(merchant_account_id=charge.merchant_account_id, gateway_ids=ids, currency="USD")

    assert len(found) == 1


@pytest.mark.django_db(transaction=True)
def test_two_settlements_at_once_both_count_on_their_charge(gateway: FakeGateway) -> None:
    """A charge in parts: each import adds to the counter, none writes what it has read."""
    charge = a_charge()
    MerchantAccount.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    for part in (1000, 2000, 3000):
        gateway.pay_out(line_of(charge, gross_minor=part, object_id=f"part {part}"))

    in_threads(4, lambda _: fetch())

    assert uncleared(charge) == 4000


def test_the_database_refuses_to_clear_a_charge_that_the_processor_does_not_know(
    gateway: FakeGateway,
) -> None:
    charge = a_charge_of_no_id(gateway)

    with pytest.raises(IntegrityError, match="charge_cleared_by_its_id"), transaction.atomic():
        Charge.objects.filter(pk=charge.pk).update(cleared_minor=1)


def test_which_charge_a_line_clears_is_noted_once(gateway: FakeGateway) -> None:
    charge, other = a_charge(), a_charge()
    gateway.pay_out(line_of(charge))
    fetch()

    for value in (other, None):
        with pytest.raises(DatabaseError, match="UPDATE is refused"), transaction.atomic():
            Line.objects.update(charge=value)
    with pytest.raises(DatabaseError, match="UPDATE is refused"), transaction.atomic():
        Line.objects.update(gross_minor=1)


@pytest.fixture
def cash_goes_to_the_processor(gateway: FakeGateway) -> None:
    """As where card payments are taken by another program at the same processor and recorded by hand."""
    account = make_merchant_account()
    PaymentType.objects.filter(label="Cash").update(account=account.clearing_account)


def by_hand() -> dict[str, int]:
    return dict(ClearingByHand.objects.values_list("currency", "moved_minor"))


@pytest.mark.usefixtures("cash_goes_to_the_processor")
def test_what_payments_by_hand_move_on_card_clearing_is_counted_and_uncounted(gateway: FakeGateway) -> None:
    first = make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")
    make_payment("20.00", invoice=make_invoice("100.00"), type_label="Cash")
    before = by_hand()

    reverse_payment(payment_id=first.pk, reason="Entered twice", request_key=key(), actor=SYSTEM, on=day())

    assert (before, by_hand()) == ({"USD": 5000}, {"USD": 2000})


def test_charges_with_refunds_and_disputes_count_nothing_as_moved_by_hand(gateway: FakeGateway) -> None:
    charge = a_charge()
    a_refund(charge, "25.00")
    settle_dispute(
        charge_id=charge.pk,
        answer=gateway.fetch_dispute(gateway.open_dispute(charge.gateway_id, 5000)),
        channel=Observation.Channels.WEBHOOK,
    )

    assert by_hand() == {}


def test_an_account_of_the_business_that_no_processor_has_counts_nothing(gateway: FakeGateway) -> None:
    own = Account.objects.create(id=1050, code="1090", name="Safe", kind="asset")
    PaymentType.objects.filter(label="Cash").update(account=own)

    make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")

    assert by_hand() == {}


@pytest.mark.usefixtures("cash_goes_to_the_processor")
@pytest.mark.django_db(transaction=True)
def test_payments_by_hand_at_once_are_all_counted(gateway: FakeGateway) -> None:
    invoices = [make_invoice("100.00") for _ in range(4)]

    in_threads(4, lambda i: make_payment("10.00", invoice=invoices[i], type_label="Cash"))

    assert by_hand() == {"USD": 4000}
