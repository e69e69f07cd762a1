"""A bounced check: the invoice is open again from the day on which the bank took the money back."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.money import Money
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Allocation, Payment, Return
from duebook.payments.services.return_payment import preview_return, return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment, usd
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def give_back(payment: Payment, **fields: Any) -> Any:
    return return_payment(
        **{
            "payment_id": payment.pk,
            "returned_on": day(-2),
            "reason": "No funds",
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def a_payment(**fields: Any) -> Payment:
    invoice = make_invoice("100.00", ordered_on=day(-20))
    return make_payment("40.00", **{"invoice": invoice, "received_on": day(-10), **fields})


def test_a_bounced_check_opens_the_invoice_and_books_the_fee() -> None:
    payment = a_payment()
    invoice = payment.allocations.get().invoice

    give_back(payment, fee=usd("12.50"))

    invoice.refresh_from_db()
    payment.refresh_from_db()
    assert (invoice.balance_due_minor, invoice.money_minor, invoice.counted_minor) == (10000, 0, 0)
    assert invoice.money_back_minor == 4000
    assert (payment.returned_minor, payment.allocated_minor, payment.credit_minor) == (4000, 0, 0)
    assert list(
        Transfer.objects.filter(effective_on=day(-2))
        .order_by("id")
        .values_list("debit_account_id", "credit_account_id", "amount_minor")
    ) == [
        (Sys.RECEIVABLE, Sys.CUSTOMER_CREDIT, 4000),
        (Sys.CUSTOMER_CREDIT, Sys.UNDEPOSITED_FUNDS, 4000),
        (Sys.BANK_FEES, Sys.BANK, 1250),
    ]
    assert Allocation.objects.get(amount_minor=-4000).applied_on == day(-2)
    assert Return.objects.get().fee_minor == 1250
    assert Event.objects.get(name="payment.returned").payload["fee_minor"] == 1250


def test_credit_on_account_goes_with_the_returned_payment() -> None:
    payment = make_payment("40.00", contact=make_contact(), received_on=day(-10))

    give_back(payment)

    payment.refresh_from_db()
    assert (payment.credit_minor, payment.returned_minor) == (0, 4000)


def test_what_was_applied_after_the_return_s_day_comes_off_on_its_own_day() -> None:
    contact = make_contact()
    payment = make_payment(
        "40.00",
        invoice=make_invoice("100.00", contact=contact, ordered_on=day(-1)),
        received_on=day(-10),
    )

    give_back(payment, returned_on=day(-5))

    assert Allocation.objects.get(amount_minor=-4000).applied_on == day(-1)


def test_preview_and_save_decide_the_same() -> None:
    payment = a_payment()

    preview = preview_return(
        payment_id=payment.pk, returned_on=day(-2), reason="No funds", fee=None, actor=SYSTEM, on=day()
    )

    assert give_back(payment) == preview


def test_the_same_request_returns_it_once() -> None:
    payment = a_payment()
    request_key = key()
    give_back(payment, request_key=request_key)
    before = everything()

    assert give_back(payment, request_key=request_key) is None
    with pytest.raises(errors.AlreadyReturned):
        give_back(payment)

    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reason": " "}, errors.ReasonRequired),
        ({"fee": Money(-1, "USD")}, errors.AmountNotPositive),
        ({"fee": Money(1, "EUR")}, errors.CurrencyMismatch),
        ({"actor": actor(Role.CLERK)}, errors.Forbidden),
    ],
)
def test_a_refused_return_changes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    payment = a_payment()
    before = everything()

    with pytest.raises(error):
        give_back(payment, **fields)

    assert everything() == before


@pytest.mark.parametrize(("days", "error"), [(1, errors.FutureReturn), (-11, errors.BeforeOrigin)])
def test_a_return_lies_between_receipt_and_today(days: int, error: type[Exception]) -> None:
    payment = a_payment()

    with pytest.raises(error):
        give_back(payment, returned_on=day(days))


def test_a_return_in_a_closed_period_is_refused() -> None:
    payment = a_payment()
    ClosedPeriod.objects.create(closed_until=day(-2), decided_by_id=1)

    with pytest.raises(errors.PeriodClosed):
        give_back(payment)
    assert give_back(payment, returned_on=day(-1)) is not None


def test_a_write_off_is_not_returned() -> None:
    payment = a_payment(type_label="Write-off")

    with pytest.raises(errors.AdjustmentIsFixed):
        give_back(payment)


def test_an_undone_payment_is_not_returned() -> None:
    payment = a_payment()
    reverse_payment(payment_id=payment.pk, reason="x", request_key=key(), actor=SYSTEM, on=day())

    with pytest.raises(errors.AlreadyReversed):
        give_back(payment)
