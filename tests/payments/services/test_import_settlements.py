"""What a processor paid is in the books once, whatever it consists of and however often it is told."""

from datetime import UTC, date, datetime

import pytest
from django.db.models import Sum

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount
from duebook.domain.permissions import Role
from duebook.domain.settlements import LineKind
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown, SettlementLine
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Charge, Settlement, SettlementLine as Line
from duebook.payments.points import Point
from duebook.payments.services.import_settlements import OVERLAP, ImportedSettlements, import_settlements
from tests.factories import SYSTEM, actor, day
from tests.payments.ends import WAYS, ending_at
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, a_refund, fetch, line_of, line_of_refund
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def clearing_minor() -> int:
    """The balance of the card clearing account of the only merchant account."""
    account = MerchantAccount.objects.get().clearing_account
    sums = [side.aggregate(s=Sum("amount_minor"))["s"] or 0 for side in (account.debits, account.credits)]
    return sums[0] - sums[1]


def a_charge_of_old_account() -> Charge:
    """A charge of today, at an account that was added in 2020."""
    charge = a_charge()
    MerchantAccount.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    return charge


def posted() -> list[tuple[str, int, int, int]]:
    """Kind, debit, credit and amount of each transfer of a settlement."""
    rows = Transfer.objects.filter(kind__in=["settled", "processor_fee"]).order_by("id")
    return list(rows.values_list("kind", "debit_account_id", "credit_account_id", "amount_minor"))


def test_a_settlement_clears_its_charges_and_refunds(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.is_settled = True
    gateway.pay_out(line_of(charge, fee_minor=320), line_of_refund(a_refund(charge, "25.00")))

    assert fetch() == 1

    made = Settlement.objects.get()
    assert (made.gross_minor, made.fee_minor, made.net_minor) == (7500, 320, 7180)
    assert (made.paid_on, made.booked_on) == (day(), day())
    clearing = MerchantAccount.objects.get().clearing_account_id
    assert posted() == [
        ("settled", int(SystemAccount.BANK), clearing, 7180),
        ("processor_fee", int(SystemAccount.PROCESSOR_FEES), clearing, 320),
    ]
    assert clearing_minor() == 0
    lines = Line.objects.order_by("id").values_list("kind", "object_id", "charge_gateway_id", "clears_minor")
    assert list(lines) == [("charge", "ch_1", "ch_1", 10000), ("refund", "re_1", "ch_1", -2500)]
    event = Event.objects.get(name="settlement.imported")
    assert event.payload["net_minor"] == 7180
    assert event.payload["settlement_id"] == made.pk


def test_importing_again_adds_nothing(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    fetch()
    before = everything()

    assert fetch() == 0

    assert everything() == before


def test_the_processor_is_asked_from_before_the_latest_settlement(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge_of_old_account()), paid_on=day(-3))
    fetch()

    fetch()

    assert gateway.asked_since == [date(2019, 12, 31), day(-3) - OVERLAP]


def test_a_settlement_that_the_processor_names_no_more_is_told(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    gateway.pay_out(line_of(a_charge()))
    fetch()
    del gateway.settlements[0]

    imported = import_settlements(merchant_account_id=MerchantAccount.objects.get().pk, actor=SYSTEM)

    assert imported == ImportedSettlements(new=0, gone=("st_1",))
    assert clearing_minor() == 0


def test_an_older_settlement_that_is_told_late_is_imported(gateway: FakeGateway) -> None:
    a_charge_of_old_account()
    gateway.pay_out(id="late", paid_on=day(-1))
    fetch()
    gateway.pay_out(id="older", paid_on=day(-9))

    assert fetch() == 1

    assert Settlement.objects.count() == 2


def test_money_that_the_processor_takes_is_booked_from_the_bank(gateway: FakeGateway) -> None:
    charge = a_charge()
    gateway.is_settled = True
    gateway.pay_out(line_of(charge))
    fetch()
    gateway.pay_out(line_of_refund(a_refund(charge, "100.00")))

    fetch()

    clearing = MerchantAccount.objects.get().clearing_account_id
    assert posted()[-1] == ("settled", clearing, int(SystemAccount.BANK), 10000)
    assert clearing_minor() == 0


def test_the_fee_of_a_dispute_is_left_to_the_dispute(gateway: FakeGateway) -> None:
    charge = a_charge()
    dispute = SettlementLine("dp_1", -10000, 1500, LineKind.DISPUTE, charge.gateway_id)
    gateway.pay_out(line_of(charge, fee_minor=320), dispute)

    fetch()

    fees = Transfer.objects.get(kind="processor_fee")
    assert fees.amount_minor == 320
    # The dispute itself takes 115.00 off card clearing when it is opened.
    assert clearing_minor() == 11500


def test_a_charge_that_nobody_knows_is_imported_with_its_settlement(gateway: FakeGateway) -> None:
    make_merchant_account()
    gateway.pay_out(SettlementLine("ch_other", 5000, 175, LineKind.CHARGE, "ch_other"))

    assert fetch() == 1

    assert clearing_minor() == -5000


def test_lines_that_do_not_add_up_leave_a_line_that_is_not_explained(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge(), fee_minor=320), net_minor=9500, gross_minor=10000, fee_minor=320)

    fetch()

    made = Settlement.objects.get()
    assert (made.gross_minor, made.fee_minor, made.net_minor) == (9820, 320, 9500)
    assert Line.objects.get(kind="unexplained").gross_minor == -180
    assert clearing_minor() == 180


def test_a_settlement_without_lines_is_booked_and_not_explained(gateway: FakeGateway) -> None:
    a_charge()
    gateway.pay_out(net_minor=9680, gross_minor=9680)

    fetch()

    assert Line.objects.get().kind == "unexplained"
    assert clearing_minor() == 320


def test_a_currency_that_no_books_know_is_kept_and_not_booked(gateway: FakeGateway) -> None:
    make_merchant_account()
    gateway.pay_out(SettlementLine("ch_1", 5000, 0, LineKind.CHARGE, "ch_1"), currency="USDC")

    fetch()

    made = Settlement.objects.get()
    assert (made.currency, made.booked_on, made.net_transfer, made.net_minor) == ("USDC", None, None, 5000)
    assert posted() == []


def test_a_settlement_may_have_more_lines_than_a_statement_takes_parameters(gateway: FakeGateway) -> None:
    first, last = a_charge("100.00"), a_charge("50.00")
    unknown = [
        SettlementLine(f"ch_else_{number}", 1, 0, LineKind.CHARGE, f"ch_else_{number}")
        for number in range(8_000)
    ]
    gateway.pay_out(line_of(first), *unknown, line_of(last))

    assert fetch() == 1

    assert Line.objects.count() == 8_002
    assert list(Line.objects.exclude(charge=None).values_list("charge_id", flat=True).order_by("pk")) == [
        first.pk,
        last.pk,
    ]
    assert fetch() == 0


def test_what_is_settled_a_second_time_is_marked(gateway: FakeGateway) -> None:
    charge = a_charge()
    gateway.pay_out(line_of(charge))
    gateway.pay_out(line_of(charge))

    assert fetch() == 2

    assert list(Line.objects.order_by("id").values_list("is_repeated", flat=True)) == [False, True]
    assert clearing_minor() == -10000


def test_a_settlement_of_a_closed_period_is_booked_today(gateway: FakeGateway) -> None:
    charge = a_charge_of_old_account()
    ClosedPeriod.objects.create(closed_until=day(-1), decided_by_id=1)
    gateway.pay_out(line_of(charge), paid_on=day(-2))

    fetch()

    made = Settlement.objects.get()
    assert (made.paid_on, made.booked_on) == (day(-2), day())


def test_a_clerk_may_not_and_no_processor_is_asked(gateway: FakeGateway) -> None:
    account = make_merchant_account()

    with pytest.raises(errors.Forbidden):
        import_settlements(merchant_account_id=account.pk, actor=actor(Role.CLERK))

    assert gateway.calls == []


def test_an_account_that_is_not_there_is_refused(gateway: FakeGateway) -> None:
    with pytest.raises(errors.NotFound):
        import_settlements(merchant_account_id=99, actor=SYSTEM)


def test_a_processor_that_does_not_answer_changes_nothing(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))
    gateway.fail("list_settlements", OutcomeUnknown)
    before = everything()

    with pytest.raises(OutcomeUnknown):
        fetch()

    assert everything() == before
    assert fetch() == 1


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_add_each_settlement_once(gateway: FakeGateway) -> None:
    for _ in range(3):
        gateway.pay_out(line_of(a_charge(), fee_minor=320))

    added = in_threads(4, lambda _: fetch())

    assert sum(added) == 3
    assert (Settlement.objects.count(), clearing_minor()) == (3, 0)


SETTLEMENT_POINTS = [point for point in Point if point.name.startswith("SETTLEMENT")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", SETTLEMENT_POINTS)
def test_a_process_that_ends_at_any_point_imports_once(gateway: FakeGateway, point: Point, way: str) -> None:
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    gateway.pay_out(line_of(a_charge(), fee_minor=320))

    with ending_at(point, way):
        fetch()
    fetch()

    assert (Settlement.objects.count(), clearing_minor()) == (2, 0)
    assert Event.objects.filter(name="settlement.imported").count() == 2
