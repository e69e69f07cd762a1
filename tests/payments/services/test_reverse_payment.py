"""Undoing a payment: as if it had never been, on every date of an open period."""

from typing import Any

import pytest
from django.db.models import Sum

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import Surplus
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Allocation, Payment, Reversal
from duebook.payments.services.reverse_payment import preview_reversal, reverse_payment
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment, usd
from tests.payments.acts import bounce, move, use_credit
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def undo(payment: Payment, **fields: Any) -> Any:
    return reverse_payment(
        **{
            "payment_id": payment.pk,
            "reason": "Entered twice",
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def account_balance(account: Sys) -> int:
    debit = Transfer.objects.filter(debit_account_id=account).aggregate(s=Sum("amount_minor"))["s"] or 0
    credit = Transfer.objects.filter(credit_account_id=account).aggregate(s=Sum("amount_minor"))["s"] or 0
    return debit - credit


def test_an_undone_payment_leaves_balances_and_books_as_before() -> None:
    invoice = make_invoice("100.00", ordered_on=day(-20))
    payment = make_payment("40.00", invoice=invoice, received_on=day(-10))

    decision = undo(payment)

    invoice.refresh_from_db()
    payment.refresh_from_db()
    assert decision.balances[0].before == usd("60.00")
    assert decision.balances[0].after == usd("100.00")
    assert (invoice.applied_minor, invoice.counted_minor, invoice.money_minor) == (0, 0, 0)
    assert (payment.allocated_minor, payment.reversed_minor, payment.credit_minor) == (0, 4000, 0)
    assert account_balance(Sys.UNDEPOSITED_FUNDS) == 0
    assert account_balance(Sys.CUSTOMER_CREDIT) == 0
    assert account_balance(Sys.RECEIVABLE) == 10000
    assert set(Transfer.objects.filter(corrects_id__isnull=False).values_list("effective_on", flat=True)) == {
        day(-10)
    }
    assert Reversal.objects.get().reason == "Entered twice"
    assert Event.objects.get(name="payment.reversed").payload["number"] == payment.number


def test_what_lies_in_a_closed_period_is_undone_today() -> None:
    payment = make_payment(invoice=make_invoice(ordered_on=day(-40)), received_on=day(-30))
    ClosedPeriod.objects.create(closed_until=day(-5), decided_by_id=1)

    undo(payment)

    assert set(Transfer.objects.filter(corrects_id__isnull=False).values_list("effective_on", flat=True)) == {
        day()
    }
    assert Allocation.objects.get(amount_minor__lt=0).applied_on == day()


def test_undoing_after_moves_takes_back_each_row() -> None:
    contact = make_contact()
    one, two = make_invoice("100.00", contact=contact), make_invoice("50.00", contact=contact)
    payment = make_payment("120.00", invoice=one, surplus=Surplus.KEEP_AS_CREDIT)
    move(payment, one, two, "30.00")
    use_credit(two, "20.00", counts=False)

    undo(payment)

    for invoice in Invoice.objects.all():
        assert (invoice.applied_minor, invoice.counted_minor, invoice.uncounted_minor) == (0, 0, 0)
    assert Allocation.objects.aggregate(s=Sum("amount_minor"))["s"] == 0
    assert account_balance(Sys.CUSTOMER_CREDIT) == 0


def test_preview_says_everything_and_writes_nothing() -> None:
    payment = make_payment("120.00", invoice=make_invoice("100.00"), surplus=Surplus.KEEP_AS_CREDIT)
    before = everything()

    preview = preview_reversal(payment_id=payment.pk, actor=SYSTEM, on=day())

    assert everything() == before
    assert preview.credit_gone == usd("20.00")
    assert len(preview.mirrored) == 2
    assert undo(payment).balances == preview.balances


def test_undoing_twice_by_the_same_request_does_it_once() -> None:
    payment = make_payment(invoice=make_invoice())
    request_key = key()
    undo(payment, request_key=request_key)
    before = everything()

    assert undo(payment, request_key=request_key) is None
    with pytest.raises(errors.AlreadyReversed):
        undo(payment)

    assert everything() == before


def test_a_write_off_can_be_undone() -> None:
    invoice = make_invoice("100.00")
    payment = make_payment("100.00", invoice=invoice, type_label="Write-off")

    undo(payment)

    invoice.refresh_from_db()
    assert invoice.balance_due_minor == 10000
    assert account_balance(Sys.BAD_DEBTS) == 0


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(reason: str) -> None:
    payment = make_payment(invoice=make_invoice())
    before = everything()

    with pytest.raises(errors.ReasonRequired):
        undo(payment, reason=reason)

    assert everything() == before


def test_a_returned_payment_cannot_be_undone() -> None:
    payment = make_payment(invoice=make_invoice())
    bounce(payment)
    before = everything()

    with pytest.raises(errors.AlreadyReturned):
        undo(payment)

    assert everything() == before


def test_a_clerk_undoes_own_payments_of_the_day_only() -> None:
    clerk, other = actor(Role.CLERK, user_id=5), actor(Role.CLERK, user_id=6)
    invoice = make_invoice("500.00")
    own = make_payment("10.00", invoice=invoice, by=clerk)
    before = everything()

    with pytest.raises(errors.Forbidden):
        undo(own, actor=other)
    with pytest.raises(errors.Forbidden):
        undo(own, actor=clerk, on=day(1))
    with pytest.raises(errors.Forbidden):
        undo(own, actor=actor(Role.VIEWER, user_id=5))

    assert everything() == before
    assert undo(own, actor=clerk) is not None


def test_a_manager_s_limit_holds_for_undoing() -> None:
    payment = make_payment("60.00", invoice=make_invoice())

    with pytest.raises(errors.AboveLimit):
        undo(payment, actor=actor(Role.MANAGER, limits={(Right.UNDO_ANY, "USD"): 5000}))


def test_a_payment_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(errors.NotFound):
        reverse_payment(payment_id=1, reason="x", request_key=key(), actor=SYSTEM, on=day())


@pytest.mark.django_db(transaction=True)
def test_undone_by_eight_people_at_once_it_is_undone_once() -> None:
    invoice = make_invoice("100.00")
    payment = make_payment("40.00", invoice=invoice)

    results = in_threads(8, lambda i: undo(payment))

    invoice.refresh_from_db()
    assert sum(not isinstance(result, errors.DomainError) for result in results) == 1
    assert invoice.applied_minor == 0


@pytest.mark.django_db(transaction=True)
def test_undo_return_and_move_at_once_do_only_one_thing() -> None:
    contact = make_contact()
    one, two = make_invoice("100.00", contact=contact), make_invoice("100.00", contact=contact)
    payment = make_payment("100.00", invoice=one)

    def work(i: int) -> Any:
        if i % 3 == 0:
            return undo(payment)
        if i % 3 == 1:
            return bounce(payment)
        return move(payment, one, two, "100.00")

    in_threads(9, work)

    payment.refresh_from_db()
    assert (payment.allocated_minor, payment.reversed_minor + payment.returned_minor) == (0, 10000)
    assert set(Invoice.objects.values_list("applied_minor", flat=True)) == {0}
