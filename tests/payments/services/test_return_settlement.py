"""A settlement that the bank sent back is booked back once, and its net waits until it is paid again."""

from datetime import UTC, date, datetime

import pytest
from django.db.models import Sum
from django.db.utils import DatabaseError

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount
from duebook.domain.permissions import Role
from duebook.domain.settlements import LineKind
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SettlementLine
from duebook.ledger.models import Account, ClosedPeriod, Transfer
from duebook.payments.models import Charge, Settlement, SettlementLine as Line, SettlementReturn
from duebook.payments.points import Point
from duebook.payments.services.import_settlements import ImportedSettlements, import_settlements
from duebook.payments.services.return_settlement import return_settlement
from duebook.payments.to_decide import count_to_decide, settlement_returns_to_see
from tests.factories import SYSTEM, actor, day
from tests.payments.ends import WAYS, ending_at
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, fetch, line_of, line_of_settlement
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def balance(account_id: int) -> int:
    account = Account.objects.get(pk=account_id)
    taken, given = (
        side.aggregate(s=Sum("amount_minor"))["s"] or 0 for side in (account.debits, account.credits)
    )
    return taken - given


def bank_and_clearing() -> tuple[int, int]:
    return balance(int(SystemAccount.BANK)), balance(MerchantAccount.objects.get().clearing_account_id)


def a_settlement_sent_back(gateway: FakeGateway, **fields: object) -> None:
    """A charge of 100.00 less 3.20 that was paid out and imported, and that the bank then sent back."""
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    fetch()
    gateway.send_back(**fields)


def imported() -> ImportedSettlements:
    return import_settlements(merchant_account_id=MerchantAccount.objects.get().pk, actor=SYSTEM)


def test_the_net_is_back_with_the_processor_and_what_the_lines_cleared_stays_cleared(
    gateway: FakeGateway,
) -> None:
    a_settlement_sent_back(gateway)
    assert bank_and_clearing() == (9680, 0)

    assert imported() == ImportedSettlements(new=0, returned=1)

    assert bank_and_clearing() == (0, 9680)
    assert balance(int(SystemAccount.PROCESSOR_FEES)) == 320
    assert Charge.objects.get().uncleared_minor == 0
    settlement, made = Settlement.objects.get(), SettlementReturn.objects.get()
    assert (made.settlement, made.amount_minor, made.uncleared_minor) == (settlement, 9680, 9680)
    assert (made.returned_on, made.booked_on, made.reason) == (day(), day(), "The account is closed.")
    assert made.transfer is not None
    assert made.transfer.corrects_id == settlement.net_transfer_id
    event = Event.objects.get(name="settlement.returned")
    assert (event.payload["settlement_id"], event.payload["net_minor"]) == (settlement.pk, 9680)


def test_a_later_settlement_pays_it_again_and_nobody_has_to_look_any_more(gateway: FakeGateway) -> None:
    a_settlement_sent_back(gateway)
    fetch()
    assert (settlement_returns_to_see().count(), count_to_decide()) == (1, 1)

    gateway.pay_out(line_of_settlement(gateway.settlements[0]), line_of(a_charge("20.00")))
    fetch()

    made = SettlementReturn.objects.get()
    assert (made.cleared_minor, made.uncleared_minor, made.waits_since) == (9680, 0, None)
    assert Line.objects.get(kind="settlement returned").settlement_return == made
    assert bank_and_clearing() == (11680, 0)
    assert count_to_decide() == 0


def test_one_that_is_told_only_after_it_was_sent_back_is_imported_and_booked_back(
    gateway: FakeGateway,
) -> None:
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    back = gateway.send_back()
    gateway.pay_out(line_of_settlement(back))

    assert imported() == ImportedSettlements(new=2, returned=1)

    assert bank_and_clearing() == (9680, 0)
    assert SettlementReturn.objects.get().uncleared_minor == 0


def test_what_was_paid_again_before_the_return_was_known_is_counted_then(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    gateway.pay_out(SettlementLine("st_1", 9680, 0, LineKind.SETTLEMENT_RETURNED))
    fetch()
    gateway.send_back()
    assert Line.objects.get(kind="settlement returned").settlement_return is None

    fetch()

    made = SettlementReturn.objects.get()
    assert (made.uncleared_minor, made.waits_since) == (0, None)
    assert Line.objects.get(kind="settlement returned").settlement_return == made


def test_importing_again_books_nothing_twice(gateway: FakeGateway) -> None:
    a_settlement_sent_back(gateway)
    fetch()
    before = everything()

    assert imported() == ImportedSettlements(new=0, returned=0)

    assert everything() == before


def test_money_that_the_processor_could_not_take_from_the_bank_is_owed_again(gateway: FakeGateway) -> None:
    charge = a_charge()
    gateway.pay_out(line_of(charge))
    gateway.pay_out(SettlementLine("re_1", -2500, 0, LineKind.REFUND, charge.gateway_id))
    fetch()
    gateway.send_back("st_2")

    fetch()

    clearing = MerchantAccount.objects.get().clearing_account_id
    back = Transfer.objects.latest("id")
    assert (back.debit_account_id, back.credit_account_id) == (int(SystemAccount.BANK), clearing)
    assert SettlementReturn.objects.get().uncleared_minor == -2500


def test_one_in_a_currency_of_no_books_is_noted_and_not_booked(gateway: FakeGateway) -> None:
    make_merchant_account()
    gateway.pay_out(SettlementLine("ch_1", 5000, 0, LineKind.CHARGE, "ch_1"), currency="USDC")
    fetch()
    gateway.send_back()

    fetch()

    made = SettlementReturn.objects.get()
    assert (made.booked_on, made.transfer, made.uncleared_minor) == (None, None, 0)
    assert Transfer.objects.count() == 0


def test_a_return_of_a_closed_period_is_booked_today(gateway: FakeGateway) -> None:
    charge = a_charge()
    MerchantAccount.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    gateway.pay_out(line_of(charge), paid_on=day(-5))
    fetch()
    ClosedPeriod.objects.create(closed_until=day(-1), decided_by_id=1)
    gateway.send_back(returned_on=day(-2))

    fetch()

    made = SettlementReturn.objects.get()
    assert (made.returned_on, made.booked_on) == (day(-2), day())


def test_an_old_settlement_is_asked_for_where_the_processor_tells_of_it(gateway: FakeGateway) -> None:
    charge = a_charge()
    MerchantAccount.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    gateway.pay_out(line_of(charge), paid_on=date(2026, 1, 2))
    gateway.pay_out(paid_on=day())
    fetch()
    gateway.send_back("st_1")
    account = MerchantAccount.objects.get()

    missed = imported()
    told = import_settlements(merchant_account_id=account.pk, actor=SYSTEM, about="st_1")

    assert (missed.returned, told.returned) == (0, 1)


def test_a_clerk_may_not(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    fetch()
    before = everything()

    with pytest.raises(errors.Forbidden):
        return_settlement(
            settlement_id=Settlement.objects.get().pk,
            returned_on=day(),
            reason="",
            actor=actor(Role.CLERK),
        )

    assert everything() == before


def test_a_settlement_that_is_not_there_is_refused() -> None:
    with pytest.raises(errors.NotFound):
        return_settlement(settlement_id=99, returned_on=day(), reason="", actor=SYSTEM)


def test_a_return_is_a_fact(gateway: FakeGateway) -> None:
    a_settlement_sent_back(gateway)
    fetch()

    with pytest.raises(DatabaseError, match="UPDATE is refused"):
        SettlementReturn.objects.update(amount_minor=1)


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_book_it_back_once(gateway: FakeGateway) -> None:
    a_settlement_sent_back(gateway)

    returned = in_threads(4, lambda _: imported().returned)

    assert sum(returned) == 1
    assert bank_and_clearing() == (0, 9680)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", [point for point in Point if point.name.startswith("SETTLEMENT_RETURN")])
def test_a_process_that_ends_at_any_point_books_it_back_once(
    gateway: FakeGateway, point: Point, way: str
) -> None:
    a_settlement_sent_back(gateway)

    with ending_at(point, way):
        fetch()
    fetch()

    assert bank_and_clearing() == (0, 9680)
    assert Event.objects.filter(name="settlement.returned").count() == 1
