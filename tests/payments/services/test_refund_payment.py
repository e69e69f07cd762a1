"""Money given back: from the credit first, then off the invoices; what is not owed is credited."""

from typing import Any

import pytest

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Right, Role
from duebook.domain.refunding import RefundMeans, Rest
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Account, ClosedPeriod, Transfer
from duebook.payments.models import Allocation, Payment, PaymentType, Refund
from duebook.payments.services.move_allocation import move_allocation
from duebook.payments.services.refund_payment import preview_refund, refund_payment
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_refund,
    refund_input,
    usd,
)
from tests.payments.acts import bounce, move, use_credit
from tests.payments.charging import a_charged_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.undoing_refunds import a_payment
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def refund(payment: Payment, amount: str = "40.00", **fields: Any) -> Any:
    by = {name: fields.pop(name) for name in ("request_key", "actor") if name in fields}
    return refund_payment(
        **{
            "payment_id": payment.pk,
            "wanted": refund_input(amount, **fields),
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **by,
        }
    )


def balance_of(payment: Payment) -> int:
    return Invoice.objects.get(contact_id=payment.contact_id).balance_due_minor


def test_a_refund_opens_the_invoice_and_books_the_money_that_left() -> None:
    payment = a_payment()

    refund(payment, "40.00", owes="40.00", refunded_on=day(-2), reference="Transfer 77", reason=" Late ")

    payment.refresh_from_db()
    invoice = Invoice.objects.get()
    assert (payment.allocated_minor, payment.refunded_minor, payment.credit_minor) == (6000, 4000, 0)
    assert (invoice.balance_due_minor, invoice.money_minor, invoice.money_back_minor) == (4000, 6000, 4000)
    row = Refund.objects.get()
    assert (row.amount_minor, row.currency, row.refunded_on, row.account_id) == (
        4000,
        "USD",
        day(-2),
        Sys.BANK,
    )
    assert (row.means, row.reference, row.reason) == ("by_hand", "Transfer 77", "Late")
    assert row.gateway_refund_id is None
    assert list(
        Transfer.objects.filter(effective_on=day(-2))
        .order_by("id")
        .values_list("kind", "debit_account_id", "credit_account_id", "amount_minor", "invoice_id")
    ) == [
        ("deallocated", Sys.RECEIVABLE, Sys.CUSTOMER_CREDIT, 4000, invoice.pk),
        ("refunded", Sys.CUSTOMER_CREDIT, Sys.BANK, 4000, None),
    ]
    assert Allocation.objects.get(amount_minor=-4000).applied_on == day(-2)
    payload = Event.objects.get(name="payment.refunded").payload
    assert (payload["amount_minor"], payload["owes_minor"], payload["adjustment"]) == (4000, 4000, None)
    assert payload["taken_off"] == [
        {"invoice_id": invoice.pk, "number": invoice.number, "amount_minor": 4000}
    ]


@pytest.mark.parametrize(
    ("rest", "label", "account"),
    [(Rest.CREDIT, "Adjustment", Sys.ALLOWANCES), (Rest.WRITE_OFF, "Write-off", Sys.BAD_DEBTS)],
)
def test_what_shall_not_be_owed_is_credited_in_the_same_act(rest: Rest, label: str, account: Sys) -> None:
    payment = a_payment()

    refund(payment, "40.00", owes="15.00", rest=rest)

    adjustment = Payment.objects.latest("id")
    assert balance_of(payment) == 1500
    assert (adjustment.payment_type.label, adjustment.amount_minor) == (label, 2500)
    assert (adjustment.apply_to_commissions, adjustment.reference) == (False, str(payment))
    assert Transfer.objects.get(payment_id=adjustment.pk, kind="adjustment").debit_account_id == account
    told = Event.objects.get(name="payment.refunded").payload["adjustment"]
    assert told == {"payment_id": adjustment.pk, "number": adjustment.number, "amount_minor": 2500}


def test_credit_on_account_goes_back_first() -> None:
    payment = a_payment("70.00", contact=make_contact("Bolt"), invoice=None)
    invoice = make_invoice("50.00", contact=payment.contact)
    use_credit(invoice, "50.00")

    refund(payment, "20.00")
    refund(payment, "10.00", owes=None)

    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.allocated_minor, payment.credit_minor) == (3000, 4000, 0)
    assert balance_of(payment) == 1000
    assert Refund.objects.count() == 2


def test_commissions_are_clawed_back_in_proportion_and_at_last_to_zero() -> None:
    dana, uma = make_partner("Dana"), make_partner("Uma", code="UMA1")
    make_program(dana, rates={("lead", 1): 1000})
    make_program(uma, rates={("sale", 1): 333}, name="Up front", payout_type="up_front")
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, sale_partner_id=uma.pk)
    payment = make_payment("100.00", invoice=invoice)

    make_refund(payment, "40.00")
    part = list(Accrual.objects.order_by("id").values_list("earned_minor", flat=True))
    make_refund(payment, "60.00")

    assert part == [600, 199]
    assert set(Accrual.objects.values_list("earned_minor", flat=True)) == {0}
    assert list(
        CommissionEntry.objects.filter(cause="refunded").order_by("id").values_list("amount_minor", flat=True)
    ) == [-400, -134, -600, -199]


def test_preview_and_save_decide_the_same() -> None:
    payment = a_payment()
    before = everything()

    preview = preview_refund(payment_id=payment.pk, wanted=refund_input("40.00"), actor=SYSTEM, on=day())

    assert everything() == before
    assert refund(payment, "40.00") == preview


def test_the_same_request_refunds_once() -> None:
    payment = a_payment()
    request_key = key()
    refund(payment, "40.00", request_key=request_key)
    before = everything()

    assert refund(payment, "40.00", request_key=request_key) is None
    with pytest.raises(errors.KeyReused):
        refund(payment, "41.00", request_key=request_key)

    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"amount": "100.01"}, errors.AboveRefundable),
        ({"amount": "0.00"}, errors.AmountNotPositive),
        ({"reason": " "}, errors.ReasonRequired),
        ({"owes": "40.01"}, errors.OwesOutOfRange),
        ({"currency": "EUR"}, errors.CurrencyMismatch),
        ({"account_id": int(Sys.RECEIVABLE)}, errors.AccountNotFitting),
        ({"account_id": int(Sys.SALES)}, errors.AccountNotFitting),
        ({"account_id": 4711}, errors.AccountNotFitting),
        ({"means": RefundMeans.GATEWAY}, errors.NotFromGateway),
        ({"from_invoice_id": 4711}, errors.NotAppliedThere),
        ({"actor": actor(Role.CLERK)}, errors.Forbidden),
        ({"actor": actor(limits={(Right.REFUND, "USD"): 3999})}, errors.AboveLimit),
        ({"actor": actor(limits={(Right.ADJUST, "USD"): 3999})}, errors.AboveLimit),
    ],
)
def test_a_refused_refund_changes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    payment = a_payment()
    before = everything()

    with pytest.raises(error):
        refund(payment, **fields)

    assert everything() == before


@pytest.mark.parametrize(("days", "error"), [(1, errors.FutureRefund), (-11, errors.BeforeOrigin)])
def test_a_refund_lies_between_receipt_and_today(days: int, error: type[Exception]) -> None:
    payment = a_payment()

    with pytest.raises(error):
        refund(payment, refunded_on=day(days))


def test_a_refund_in_a_closed_period_is_refused() -> None:
    payment = a_payment()
    ClosedPeriod.objects.create(closed_until=day(-2), decided_by_id=1)

    with pytest.raises(errors.PeriodClosed):
        refund(payment, refunded_on=day(-2))
    assert refund(payment, refunded_on=day(-1)) is not None


def test_an_account_out_of_use_gives_no_money() -> None:
    payment = a_payment()
    Account.objects.filter(pk=int(Sys.UNDEPOSITED_FUNDS)).update(active=False)

    with pytest.raises(errors.AccountNotFitting):
        refund(payment, account_id=int(Sys.UNDEPOSITED_FUNDS))


def test_a_type_out_of_use_still_credits_and_none_at_all_is_told() -> None:
    payment = a_payment()
    PaymentType.objects.filter(label="Adjustment").update(active=False)

    refund(payment, "10.00")
    PaymentType.objects.filter(label="Adjustment").update(account_id=int(Sys.DISCOUNTS))

    assert Payment.objects.latest("id").payment_type.label == "Adjustment"
    with pytest.raises(errors.NoAdjustmentType):
        refund(payment, "10.00")


def test_a_payment_from_a_gateway_is_refunded_by_hand_too(gateway: FakeGateway) -> None:
    payment = a_charged_payment()

    refund(payment, "40.00")

    assert Refund.objects.get().means == "by_hand"
    assert gateway.given_back_minor() == 0


def test_a_write_off_is_not_refunded() -> None:
    payment = a_payment(type_label="Write-off")

    with pytest.raises(errors.AdjustmentIsFixed):
        refund(payment)


def test_after_a_refund_in_part_the_rest_can_be_returned_but_nothing_undone() -> None:
    payment = a_payment()
    refund(payment, "40.00", owes="40.00")

    with pytest.raises(errors.RefundedInPart):
        reverse_payment(payment_id=payment.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())
    bounce(payment)

    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.returned_minor, payment.allocated_minor) == (4000, 6000, 0)
    assert balance_of(payment) == 10000


def test_after_a_full_refund_nothing_more_happens_to_the_payment() -> None:
    payment = a_payment()
    refund(payment, "100.00")
    before = everything()

    for act in (
        lambda: refund(payment, "1.00"),
        lambda: reverse_payment(
            payment_id=payment.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day()
        ),
        lambda: bounce(payment),
    ):
        with pytest.raises(errors.AlreadyRefunded):
            act()

    assert everything() == before


def test_a_payment_moved_before_is_taken_off_where_it_is_now() -> None:
    payment = a_payment()
    source = Invoice.objects.get()
    target = make_invoice("100.00", contact=payment.contact)
    move(payment, source, target, "30.00")

    refund(payment, "50.00", owes="50.00", refunded_on=day(-5))

    taken = Allocation.objects.filter(amount_minor__lt=0).order_by("id")
    assert list(taken.values_list("invoice_id", "amount_minor", "applied_on"))[1:] == [
        (target.pk, -3000, day()),
        (source.pk, -2000, day(-5)),
    ]


def test_repeated_refunds_in_a_currency_without_decimals() -> None:
    invoice = make_invoice("1000", currency="JPY")
    payment = make_payment("1000", invoice=invoice)

    for amount in ("333", "333", "334"):
        make_refund(payment, amount, owes=amount)

    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert (payment.refunded_minor, payment.allocated_minor) == (1000, 0)
    assert (invoice.balance_due_minor, invoice.money_back_minor) == (1000, 1000)


@pytest.mark.django_db(transaction=True)
def test_refunded_by_eight_at_once_no_more_goes_back_than_came_in() -> None:
    payment = a_payment()

    results = in_threads(8, lambda i: refund(payment, "30.00", owes="30.00"))

    payment.refresh_from_db()
    assert sum(not isinstance(result, errors.DomainError) for result in results) == 3
    assert (payment.refunded_minor, payment.allocated_minor, balance_of(payment)) == (9000, 1000, 9000)


@pytest.mark.django_db(transaction=True)
def test_one_request_sent_eight_times_at_once_refunds_once() -> None:
    payment = a_payment()
    request_key = key()

    results = in_threads(8, lambda i: refund(payment, "30.00", request_key=request_key))

    payment.refresh_from_db()
    assert sum(result is not None for result in results) == 1
    assert (payment.refunded_minor, Refund.objects.count(), balance_of(payment)) == (3000, 1, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["return", "undo", "move"])
def test_a_refund_and_another_act_at_once_take_turns(kind: str) -> None:
    payment = a_payment()
    source = Invoice.objects.get()
    target = make_invoice("100.00", contact=payment.contact)
    one = {"payment_id": payment.pk, "actor": SYSTEM, "on": day()}

    def work(i: int) -> Any:
        if i % 2:
            return refund(payment, "60.00", owes=None)
        if kind == "return":
            return return_payment(**one, returned_on=day(), reason="Bounced", request_key=key())
        if kind == "undo":
            return reverse_payment(**one, reason="Typo", request_key=key())
        return move_allocation(
            **one,
            from_invoice_id=source.pk,
            to_invoice_id=target.pk,
            amount=usd("50.00"),
            request_key=key(),
        )

    in_threads(4, work)

    payment.refresh_from_db()
    used = payment.allocated_minor + payment.refunded_minor + payment.returned_minor + payment.reversed_minor
    assert used == payment.amount_minor
    assert sum(Invoice.objects.values_list("applied_minor", flat=True)) == payment.allocated_minor


@pytest.mark.django_db(transaction=True)
def test_credit_is_either_refunded_or_applied_not_both() -> None:
    contact = make_contact()
    payment = make_payment("30.00", contact=contact, received_on=day(-1))
    invoice = make_invoice("100.00", contact=contact, ordered_on=day(-5))

    def work(i: int) -> Any:
        if i % 2:
            return refund(payment, "30.00", owes="0.00")
        return use_credit(invoice, "30.00")

    in_threads(8, work)

    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert (payment.refunded_minor, payment.allocated_minor) == (3000, 0)
    assert invoice.money_minor == 0
    assert invoice.applied_minor in (0, 3000)
