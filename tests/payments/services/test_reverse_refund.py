"""Undoing a refund by hand: as if no money had ever gone back, unless what it re-opened was used since."""

from typing import Any

import pytest

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import Surplus
from duebook.domain.refunding import RefundMeans, Rest
from duebook.events.models import Event
from duebook.gateways.protocol import NothingHappened
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Payment, Refund, RefundReversal, Reversal
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.reverse_refund import preview_refund_reversal
from duebook.payments.to_decide import refused_refunds
from duebook.reports.queries.payments_of_period import payments_by_type
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    refund_input,
    usd,
)
from tests.payments.acts import bounce, move, use_credit
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway
from tests.payments.undoing_refunds import a_payment, figures, refunded, undo
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


ANSWERS = [
    {"owes": None},
    {"owes": "0.00"},
    {"owes": "0.00", "rest": Rest.WRITE_OFF},
    {"owes": "15.00"},
    {"owes": "15.00", "rest": Rest.WRITE_OFF},
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("amount", ["40.00", "100.00"])
def test_an_undone_refund_leaves_everything_as_before_whatever_was_owed_afterwards(
    answer: dict[str, Any], amount: str
) -> None:
    dana = make_partner("Dana")
    make_program(dana, rates={("lead", 1): 1000})
    invoice = make_invoice("100.00", ordered_on=day(-20), lead_partner_id=dana.pk)
    payment = make_payment("100.00", invoice=invoice, received_on=day(-10))
    before = figures()
    refund = refunded(payment, amount, refunded_on=day(-3), **answer)
    assert figures() != before

    decision = undo(refund)

    assert figures() == before
    assert (decision.applied, decision.credit_back) == (usd(amount), usd("0.00"))
    row = RefundReversal.objects.get()
    assert (row.refund_id, row.reason, row.reversed_on) == (refund.pk, "Wrong customer", day())
    money = Transfer.objects.get(pk=row.transfer_id)
    assert (money.kind, money.debit_account_id, money.credit_account_id, money.effective_on) == (
        "refunded",
        Sys.BANK,
        Sys.CUSTOMER_CREDIT,
        day(-3),
    )
    assert Reversal.objects.count() == (0 if answer["owes"] is None else 1)


def test_the_event_tells_what_was_undone_and_what_with_it() -> None:
    payment = a_payment()
    refund = refunded(payment, "40.00", owes="15.00")
    adjustment = Payment.objects.latest("id")
    invoice = Invoice.objects.get()

    undo(refund)

    payload = Event.objects.get(name="refund.reversed").payload
    assert (payload["refund_id"], payload["number"]) == (refund.pk, payment.number)
    assert (payload["amount_minor"], payload["credit_minor"], payload["reason"]) == (
        4000,
        0,
        "Wrong customer",
    )
    assert payload["applied_again"] == [
        {"invoice_id": invoice.pk, "number": invoice.number, "amount_minor": 4000}
    ]
    assert payload["adjustment"] == {
        "payment_id": adjustment.pk,
        "number": adjustment.number,
        "amount_minor": 2500,
    }
    assert payload["invoices"] == [{"invoice_id": invoice.pk, "number": invoice.number, "balance_minor": 0}]
    assert Event.objects.get(name="payment.reversed").payment_id == adjustment.pk


def test_credit_that_went_back_is_credit_again() -> None:
    payment = a_payment("120.00", surplus=Surplus.KEEP_AS_CREDIT)
    before = figures()
    refund = refunded(payment, "50.00", owes="10.00")

    decision = undo(refund)

    assert figures() == before
    assert (decision.applied, decision.credit_back) == (usd("30.00"), usd("20.00"))


def test_commissions_follow_by_the_difference() -> None:
    dana, uma = make_partner("Dana"), make_partner("Uma", code="UMA1")
    make_program(dana, rates={("lead", 1): 333})
    make_program(uma, rates={("sale", 1): 777}, name="Up front", payout_type="up_front")
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, sale_partner_id=uma.pk)
    payment = make_payment("100.00", invoice=invoice)
    one = refunded(payment, "33.33")
    refunded(payment, "11.11", owes="11.11")

    undo(one)

    undone = CommissionEntry.objects.filter(cause="refund_undone").order_by("id")
    assert list(undone.values_list("amount_minor", flat=True)) == [111, 259]
    assert list(Accrual.objects.order_by("id").values_list("earned_minor", flat=True)) == [296, 690]


def test_one_of_several_refunds_is_undone_and_the_others_stand() -> None:
    payment = a_payment()
    first = refunded(payment, "30.00", owes="30.00")
    before = figures()
    second = refunded(payment, "30.00", owes="0.00")
    third = refunded(payment, "40.00", owes="40.00")

    undo(third)
    undo(second)

    assert figures() == before
    assert not hasattr(Refund.objects.get(pk=first.pk), "reversal")


def test_what_it_credited_may_have_been_undone_by_itself() -> None:
    payment = a_payment()
    before = figures()
    refund = refunded(payment, "40.00", owes="0.00")
    adjustment = Payment.objects.latest("id")
    reverse_payment(payment_id=adjustment.pk, reason="Owed", request_key=key(), actor=SYSTEM, on=day())

    decision = undo(refund)

    assert decision.adjustment is None
    assert figures() == before


def test_afterwards_the_payment_can_be_refunded_again_or_undone_itself() -> None:
    payment = a_payment()
    undo(refunded(payment, "40.00", refunded_on=day(-5)))
    again = refunded(payment, "100.00", owes=None, refunded_on=day(-2))
    undo(again)

    reverse_payment(payment_id=payment.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())

    payment.refresh_from_db()
    assert (payment.reversed_minor, payment.refunded_minor, payment.allocated_minor) == (10000, 0, 0)
    assert Invoice.objects.get().balance_due_minor == 10000
    assert {minor for (account, _), minor in figures()["days"].items() if account == Sys.BANK} == set()


def test_what_lies_in_a_closed_period_is_undone_today_and_then_the_payment_too() -> None:
    payment = a_payment()
    refund = refunded(payment, "40.00", owes="0.00", refunded_on=day(-7))
    ClosedPeriod.objects.create(closed_until=day(-5), decided_by_id=1)

    undo(refund)
    corrected = Transfer.objects.filter(corrects_id__isnull=False)
    assert set(corrected.values_list("effective_on", flat=True)) == {day()}
    reverse_payment(payment_id=payment.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())

    assert Invoice.objects.get().balance_due_minor == 10000


def test_an_invoice_that_was_paid_otherwise_in_between_is_settled_again_today() -> None:
    payment = a_payment()
    invoice = Invoice.objects.get()
    refund = refunded(payment, "40.00", owes=None, refunded_on=day(-6))
    other = make_payment("40.00", invoice=invoice, received_on=day(-4))
    move(other, invoice, None, "40.00", on=day(-1))

    decision = undo(refund)

    assert [(row.minor, row.applied_on) for row in decision.allocations] == [(4000, day())]
    money = Transfer.objects.get(pk=RefundReversal.objects.get().transfer_id)
    assert money.effective_on == day(-6)


def test_the_report_of_the_period_counts_it_no_more() -> None:
    payment = a_payment()
    before = payments_by_type(day(-30), day())

    undo(refunded(payment, "40.00", owes=None))

    assert payments_by_type(day(-30), day()) == before


def test_preview_says_everything_and_writes_nothing() -> None:
    refund = refunded(a_payment(), "40.00", owes="15.00")
    before = everything()

    preview = preview_refund_reversal(refund_id=refund.pk, actor=SYSTEM, on=day())

    assert everything() == before
    done = undo(refund)
    assert (done.balances, done.mirrored, done.commissions) == (
        preview.balances,
        preview.mirrored,
        preview.commissions,
    )


def test_the_same_request_undoes_once() -> None:
    refund = refunded(a_payment())
    request_key = key()
    undo(refund, request_key=request_key)
    before = everything()

    assert undo(refund, request_key=request_key) is None
    with pytest.raises(errors.KeyReused):
        undo(refund, request_key=request_key, reason="Another")
    with pytest.raises(errors.RefundAlreadyReversed):
        undo(refund)

    assert everything() == before


def test_one_may_undo_ones_own_refund_of_the_day() -> None:
    own = actor(Role.MANAGER, user_id=7, limits={(Right.UNDO_ANY, "USD"): 100})
    refund = refunded(a_payment(), by=own)

    assert undo(refund, actor=own) is not None


def test_a_refund_by_hand_of_a_card_payment_is_undone_too(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    before = figures()

    undo(refunded(payment, "40.00"))

    assert figures() == before


def test_a_refused_refund_to_the_card_waits_again_once_the_one_by_hand_is_undone(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)
    refund_through_gateway(
        payment_id=payment.pk,
        wanted=refund_input("40.00", means=RefundMeans.GATEWAY),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    refund = refunded(payment, "40.00")
    assert not refused_refunds().exists()

    undo(refund)

    assert refused_refunds().count() == 1


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_undoing_a_refund_that_stood_in_the_way_of_a_dispute_lets_it_be_booked(
    gateway: FakeGateway, outcome: str
) -> None:
    payment = a_charged_payment()
    refund = refunded(payment, "40.00", owes=None)
    assert open_dispute(gateway).unbooked_minor == 4000

    undo(refund)
    dispute = decide_dispute(gateway, outcome)

    payment.refresh_from_db()
    assert (dispute.unbooked_minor, dispute.problem) == (0, "")
    gone = 0 if outcome == "won" else 10000
    assert (payment.refunded_minor, payment.returned_minor) == (0, gone)
    assert Invoice.objects.get().balance_due_minor == gone


@pytest.mark.django_db(transaction=True)
def test_undone_by_eight_at_once_it_is_undone_once() -> None:
    payment = a_payment()
    refund = refunded(payment, "40.00", owes="15.00")

    results = in_threads(8, lambda i: undo(refund))

    payment.refresh_from_db()
    assert sum(isinstance(result, errors.RefundAlreadyReversed) for result in results) == 7
    assert (payment.allocated_minor, payment.refunded_minor) == (10000, 0)
    assert RefundReversal.objects.count() == Reversal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_request_sent_eight_times_at_once_undoes_once() -> None:
    refund = refunded(a_payment(), "40.00", owes="15.00")
    request_key = key()

    results = in_threads(8, lambda i: undo(refund, request_key=request_key))

    assert sum(result is not None for result in results) == 1
    assert RefundReversal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["credit", "payment", "refund", "return", "undo"])
def test_undoing_and_another_act_at_once_take_turns(kind: str) -> None:
    payment = a_payment()
    invoice = Invoice.objects.get()
    make_payment("40.00", contact=payment.contact, received_on=day(-1))
    refund = refunded(payment, "40.00", owes="40.00")
    adjustment = refunded(payment, "10.00", owes="0.00")

    def work(i: int) -> Any:
        if i % 2:
            return undo(refund)
        if kind == "credit":
            return use_credit(invoice, "40.00")
        if kind == "payment":
            return make_payment("40.00", invoice=invoice)
        if kind == "refund":
            return refunded(payment, "50.00", owes=None)
        if kind == "return":
            return bounce(payment)
        return undo(adjustment)

    in_threads(4, work)

    payment.refresh_from_db()
    invoice.refresh_from_db()
    used = payment.allocated_minor + payment.refunded_minor + payment.returned_minor + payment.reversed_minor
    assert used == payment.amount_minor
    assert 0 <= invoice.applied_minor <= invoice.total_minor
    if kind in ("credit", "payment"):
        assert invoice.balance_due_minor == 0
