"""A refund through the gateway that came back: a person books it back, once the gateway has said so."""

from typing import Any

import pytest

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain import errors
from duebook.domain.accounts import TransferKind
from duebook.domain.permissions import Right, Role
from duebook.domain.refunding import RefundMeans, Rest
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Charge, Payment, Refund, RefundReversal, Reversal
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.payments.services.reverse_refund import preview_refund_reversal, reverse_refund
from duebook.payments.to_decide import count_to_decide, refunds_that_came_back
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_partner,
    make_payment,
    make_program,
    refund_input,
    usd,
)
from tests.payments.charging import a_charged_payment
from tests.payments.coming_back import come_back, refund_at_the_processor
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway
from tests.payments.undoing_refunds import figures
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def refunded(payment: Payment, amount: str = "40.00", **wanted: Any) -> Refund:
    refund_through_gateway(
        payment_id=payment.pk,
        wanted=refund_input(amount, means=RefundMeans.GATEWAY, **wanted),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    return Refund.objects.latest("id")


def came_back(gateway: FakeGateway, amount: str = "40.00", **wanted: Any) -> Refund:
    """A refund of a charge of 100.00, which the customer's bank has sent back."""
    refund = refunded(a_charged_payment(), amount, **wanted)
    come_back(gateway)
    return refund


def charged_for_dana() -> Payment:
    """A charge of 100.00 for an invoice of which Dana earns a tenth."""
    dana = make_partner("Dana")
    make_program(dana, rates={("lead", 1): 1000})
    return a_charged_payment(lead_partner_id=dana.pk)


def book_back(refund: Refund, **fields: Any) -> Any:
    return reverse_refund(
        **{
            "refund_id": refund.pk,
            "reason": "Account closed",
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


@pytest.mark.parametrize(
    "answer", [{"owes": None}, {"owes": "0.00"}, {"owes": "15.00", "rest": Rest.WRITE_OFF}]
)
@pytest.mark.parametrize("amount", ["40.00", "100.00"])
def test_what_is_booked_back_is_in_card_clearing_and_on_the_invoice_again(
    gateway: FakeGateway, answer: dict[str, Any], amount: str
) -> None:
    payment = a_charged_payment()
    before = figures()
    refund = refunded(payment, amount, **answer)
    come_back(gateway)

    decision = book_back(refund)

    assert figures() == before
    assert (decision.applied, decision.credit_back) == (usd(amount), usd("0.00"))
    row = RefundReversal.objects.get()
    money = Transfer.objects.get(pk=row.transfer_id)
    assert (money.kind, money.debit_account_id, money.amount_minor, money.effective_on) == (
        TransferKind.REFUNDED.value,
        MerchantAccount.objects.get().clearing_account_id,
        usd(amount).minor,
        day(),
    )
    charge = Charge.objects.get()
    assert (charge.refunded_minor, charge.uncleared_minor, charge.refundable_minor) == (0, 10000, 10000)
    assert count_to_decide() == 0


def test_one_that_was_made_at_the_processor_itself_is_booked_back_too(gateway: FakeGateway) -> None:
    a_charged_payment()
    before = figures()
    refund = refund_at_the_processor(gateway, Charge.objects.get(), "40.00")
    come_back(gateway)
    assert list(refunds_that_came_back()) == [refund]

    book_back(refund)

    assert figures() == before
    assert Charge.objects.get().refunded_minor == 0
    assert count_to_decide() == 0


def test_it_is_booked_on_its_day_since_the_money_had_gone(gateway: FakeGateway) -> None:
    refund = refunded(a_charged_payment(), "40.00", owes="0.00")
    come_back(gateway)

    book_back(refund, on=day(3))

    rows = Transfer.objects.filter(payment_id=refund.payment_id, corrects_id__isnull=False)
    assert set(rows.values_list("effective_on", flat=True)) == {day(3)}


def test_the_event_says_that_it_came_back(gateway: FakeGateway) -> None:
    refund = came_back(gateway, owes="15.00")

    book_back(refund)

    payload = Event.objects.get(name="refund.reversed").payload
    assert (payload["came_back"], payload["amount_minor"], payload["reason"]) == (
        *(True, 4000, "Account closed"),
    )
    assert Event.objects.filter(name="payment.reversed").count() == Reversal.objects.count() == 1


def test_what_an_invoice_takes_no_more_is_credit_on_account(gateway: FakeGateway) -> None:
    refund = came_back(gateway, "40.00", owes=None)
    make_payment("40.00", invoice=Invoice.objects.get())

    decision = book_back(refund)

    payment = Payment.objects.get(pk=refund.payment_id)
    assert (decision.applied, decision.credit_back) == (usd("0.00"), usd("40.00"))
    assert (payment.allocated_minor, payment.credit_minor, payment.refunded_minor) == (6000, 4000, 0)
    assert Charge.objects.get().refunded_minor == 0
    assert Invoice.objects.get().balance_due_minor == 0


def test_for_commissions_what_became_credit_never_went_back_either(gateway: FakeGateway) -> None:
    payment = charged_for_dana()
    refund = refunded(payment, "40.00", owes=None)
    come_back(gateway)
    make_payment("40.00", invoice=Invoice.objects.get())

    decision = book_back(refund)

    assert decision.credit_back == usd("40.00")
    assert (Invoice.objects.get().money_back_minor, Accrual.objects.get().earned_minor) == (0, 1000)


def test_of_an_invoice_that_is_void_now_all_is_credit_on_account(gateway: FakeGateway) -> None:
    refund = came_back(gateway, "100.00", owes=None)
    void_invoice(
        invoice_id=Invoice.objects.get().pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day()
    )

    book_back(refund)

    payment = Payment.objects.get()
    assert (payment.allocated_minor, payment.credit_minor) == (0, 10000)


def test_partners_earn_again_what_they_had_given_back(gateway: FakeGateway) -> None:
    refund = refunded(charged_for_dana(), "40.00", owes="40.00")
    come_back(gateway)
    assert Accrual.objects.get().earned_minor == 600

    book_back(refund)

    assert Accrual.objects.get().earned_minor == 1000
    assert CommissionEntry.objects.filter(cause="refund_undone").get().amount_minor == 400


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_afterwards_the_payment_is_refunded_again_or_disputed(gateway: FakeGateway, outcome: str) -> None:
    refund = came_back(gateway, "40.00", owes="40.00")
    book_back(refund)
    refunded(refund.payment, "30.00", owes="30.00")
    open_dispute(gateway)

    decide_dispute(gateway, outcome)

    payment, charge = Payment.objects.get(), Charge.objects.get()
    gone = 0 if outcome == "won" else 7000
    assert (payment.refunded_minor, payment.returned_minor) == (3000, gone)
    assert (charge.refunded_minor, charge.disputed_minor) == (3000, gone)


def test_preview_says_everything_and_writes_nothing(gateway: FakeGateway) -> None:
    refund = came_back(gateway, owes="15.00")
    before = everything()

    preview = preview_refund_reversal(refund_id=refund.pk, actor=SYSTEM, on=day())

    assert everything() == before
    done = book_back(refund)
    assert (done.balances, done.mirrored) == (preview.balances, preview.mirrored)


def test_the_same_request_books_it_back_once(gateway: FakeGateway) -> None:
    refund = came_back(gateway)
    request_key = key()
    book_back(refund, request_key=request_key)
    before = everything()

    assert book_back(refund, request_key=request_key) is None
    with pytest.raises(errors.KeyReused):
        book_back(refund, request_key=request_key, reason="Another")
    with pytest.raises(errors.RefundAlreadyReversed):
        book_back(refund)

    assert everything() == before


def test_the_gateway_saying_it_again_changes_nothing(gateway: FakeGateway) -> None:
    book_back(came_back(gateway))
    before = figures()

    come_back(gateway)

    assert figures() == before
    assert count_to_decide() == 0


def test_without_the_gateways_word_it_is_never_booked_back(gateway: FakeGateway) -> None:
    refund = refunded(a_charged_payment())
    before = everything()

    with pytest.raises(errors.GatewayRefundFixed):
        book_back(refund)

    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reason": " "}, errors.ReasonRequired),
        ({"reason": "Not 4242 4242 4242 4242"}, errors.CardNumberTyped),
        ({"actor": actor(Role.CLERK)}, errors.Forbidden),
        ({"actor": actor(limits={(Right.UNDO_ANY, "USD"): 3999})}, errors.AboveLimit),
    ],
)
def test_a_refused_booking_back_changes_nothing(
    gateway: FakeGateway, fields: dict[str, Any], error: type[Exception]
) -> None:
    refund = came_back(gateway)
    before = everything()

    with pytest.raises(error):
        book_back(refund, **fields)

    assert everything() == before
    assert count_to_decide() == 1


def test_a_day_that_is_closed_takes_nothing(gateway: FakeGateway) -> None:
    refund = came_back(gateway)
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)
    before = everything()

    with pytest.raises(errors.PeriodClosed):
        book_back(refund)

    assert everything() == before


def test_while_another_refund_is_under_way_it_waits(gateway: FakeGateway) -> None:
    refund = came_back(gateway)
    gateway.fail("refund", OutcomeUnknown)
    refund_through_gateway(
        payment_id=refund.payment_id,
        wanted=refund_input("10.00", means=RefundMeans.GATEWAY),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    before = everything()

    with pytest.raises(errors.RefundUnderWay):
        book_back(refund)

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_booked_back_by_eight_at_once_it_is_booked_back_once(gateway: FakeGateway) -> None:
    refund = came_back(gateway, owes="15.00")

    results = in_threads(8, lambda i: book_back(refund))

    assert sum(isinstance(result, errors.RefundAlreadyReversed) for result in results) == 7
    assert Charge.objects.get().refunded_minor == 0
    assert RefundReversal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_booking_back_and_another_refund_at_once_take_turns(gateway: FakeGateway) -> None:
    refund = came_back(gateway, "40.00", owes="40.00")

    in_threads(4, lambda i: book_back(refund) if i % 2 else refunded(refund.payment, "10.00", owes=None))

    payment, charge = Payment.objects.get(pk=refund.payment_id), Charge.objects.get()
    assert payment.refunded_minor == charge.refunded_minor
    assert payment.allocated_minor + payment.credit_minor + payment.refunded_minor == 10000
    assert RefundReversal.objects.count() <= 1
