"""What has not cleared adds up with the balance of card clearing, and every difference has its name."""

import pytest
from django.db.models import Sum

from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SettlementLine
from duebook.payments.models import Payment, PaymentType
from duebook.reports.queries.card_clearing import (
    ClearingFilter,
    ClearingSums,
    Waiting,
    WaitingPage,
    clearing_sums,
    every_waiting_row,
    line_rows,
    settlement_rows,
    waiting_page,
)
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.payments.acts import bounce
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, a_refund, fetch, line_of, line_of_refund, line_of_settlement

pytestmark = pytest.mark.django_db


def wanted() -> ClearingFilter:
    return ClearingFilter(MerchantAccount.objects.get().clearing_account_id, "USD")


def waiting() -> list[Waiting]:
    found = waiting_page(wanted(), limit=50).rows
    assert list(every_waiting_row(wanted())) == found
    return found


def sums() -> ClearingSums:
    """The sums, which must always come to the balance."""
    of_all = clearing_sums(wanted().clearing_account_id)
    found, page = of_all.get("USD", ClearingSums()), waiting_page(wanted(), limit=1)
    assert found.waiting_minor == page.waiting_minor == sum(row.minor for row in waiting())
    assert page.waiting == len(waiting())
    assert found.balance_minor == _balance()
    return found


def _balance() -> int:
    account = MerchantAccount.objects.get().clearing_account
    sides = (account.debits.filter(currency="USD"), account.credits.filter(currency="USD"))
    debit, credit = (side.aggregate(s=Sum("amount_minor"))["s"] or 0 for side in sides)
    return debit - credit


def test_a_charge_waits_until_it_is_paid_out(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    payment = Payment.objects.get()

    (row,) = waiting()
    before = sums()
    gateway.pay_out(line_of(charge, fee_minor=320))
    fetch()

    assert row == Waiting(
        charge.pk, None, "charge", day(), 10000, charge.contact_id, "Acme", payment.pk, payment.number
    )
    assert before == ClearingSums(10000)
    assert (waiting(), sums()) == ([], ClearingSums())


def test_a_refund_after_the_payout_waits_for_the_next_one(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.is_settled = True
    gateway.pay_out(line_of(charge))
    fetch()

    refund = a_refund(charge, "40.00")

    assert [(row.what, row.minor) for row in waiting()] == [("refund", -4000)]
    sums()
    gateway.pay_out(line_of_refund(refund))
    fetch()
    assert waiting() == []


def test_a_charge_given_back_before_it_is_paid_out_leaves_nothing_to_clear(gateway: FakeGateway) -> None:
    a_refund(a_charge("100.00"), "100.00")

    assert (waiting(), sums().balance_minor) == ([], 0)


def test_a_charge_given_back_in_part_waits_with_its_refund(gateway: FakeGateway) -> None:
    a_refund(a_charge("100.00"), "40.00")

    assert [(row.what, row.minor) for row in waiting()] == [("charge", 10000), ("refund", -4000)]
    assert sums().balance_minor == 6000


def test_money_that_the_bank_took_back_waits_as_a_dispute(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.pay_out(line_of(charge))
    fetch()
    payment = Payment.objects.get()
    bounce(payment)

    assert [(row.what, row.minor) for row in waiting()] == [("dispute", -10000)]
    gateway.pay_out(SettlementLine("dp_1", -10000, 0, LineKind.DISPUTE, charge.gateway_id))
    fetch()

    assert (waiting(), sums().balance_minor) == ([], 0)


def test_what_was_paid_out_and_is_not_in_the_books_is_named(gateway: FakeGateway) -> None:
    a_charge("100.00")
    gateway.pay_out(SettlementLine("ch_other", 5000, 175, LineKind.CHARGE, "ch_other"))
    fetch()

    assert sums() == ClearingSums(10000, 1, -5000)
    (row,) = settlement_rows(MerchantAccount.objects.get().pk, only_open=True, limit=9)
    assert (row.lines, row.to_explain) == (1, 1)


def test_what_was_paid_out_in_another_currency_is_named_there_and_waits_here(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00")), currency="EUR")
    fetch()

    assert [(row.what, row.minor) for row in waiting()] == [("charge", 10000)]
    euros = ClearingSums(0, 1, -10000)
    assert clearing_sums(wanted().clearing_account_id) == {"EUR": euros, "USD": sums()}


def test_a_returned_settlement_waits_as_one_sum_until_it_is_paid_again(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00"), fee_minor=320), line_of(a_charge("20.00")))
    fetch()
    back = gateway.send_back()
    fetch()
    (first,) = settlement_rows(MerchantAccount.objects.get().pk, only_open=False, limit=9)

    (row,) = waiting()
    assert row == Waiting(None, first.settlement_id, "settlement", day(), 11680, None, "", None, None)
    assert (sums(), first.returned_on) == (ClearingSums(11680), day())
    gateway.pay_out(line_of_settlement(back))
    fetch()

    assert (waiting(), sums()) == ([], ClearingSums())
    rows = settlement_rows(MerchantAccount.objects.get().pk, only_open=False, limit=9)
    assert [each.to_explain for each in rows] == [0, 0]
    (line,) = line_rows(rows[0].settlement_id, limit=9)
    assert (line.kind, line.returned_id) == ("settlement returned", first.settlement_id)


def test_another_amount_than_was_charged_waits_for_the_rest(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00"), gross_minor=9900))
    fetch()

    assert [(row.what, row.minor) for row in waiting()] == [("charge", 100)]
    sums()


def test_what_is_paid_out_twice_is_owed_back(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.pay_out(line_of(charge))
    gateway.pay_out(line_of(charge))
    fetch()

    assert [(row.what, row.minor) for row in waiting()] == [("charge", -10000)]
    rows = settlement_rows(MerchantAccount.objects.get().pk, only_open=False, limit=9)
    assert [row.to_explain for row in rows] == [1, 0]
    sums()


def test_what_was_booked_by_hand_is_named(gateway: FakeGateway) -> None:
    account = make_merchant_account()
    PaymentType.objects.filter(label="Cash").update(account=account.clearing_account)
    make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")

    assert sums() == ClearingSums(by_hand_minor=3000)


def test_a_page_past_the_end_knows_the_sum_all_the_same(gateway: FakeGateway) -> None:
    a_charge("100.00")

    assert waiting_page(wanted(), limit=9, offset=9) == WaitingPage(1, 10000, [])


def test_fees_of_their_own_have_nothing_to_explain(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00")), SettlementLine("", 0, 500, LineKind.FEE))
    fetch()

    (row,) = settlement_rows(MerchantAccount.objects.get().pk, only_open=False, limit=9)
    assert (row.lines, row.to_explain, row.net_minor) == (2, 0, 9500)
    assert settlement_rows(MerchantAccount.objects.get().pk, only_open=True, limit=9) == []


def test_lines_lead_to_their_charges_and_customers(gateway: FakeGateway) -> None:
    charge = a_charge("100.00", make_contact("Ring"))
    gateway.pay_out(line_of(charge, fee_minor=320), SettlementLine("x", 0, 100, LineKind.FEE))
    fetch()
    (settlement,) = settlement_rows(MerchantAccount.objects.get().pk, only_open=False, limit=9)

    found = line_rows(settlement.settlement_id, limit=9)

    assert [(row.kind, row.charge_id, row.name, row.fee_minor) for row in found] == [
        ("charge", charge.pk, "Ring", 320),
        ("fee", None, "", 100),
    ]
