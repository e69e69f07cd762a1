"""verify sees what is broken about payments, their allocations, returns and credit."""

from typing import Any

import pytest

from duebook.domain.accounts import SystemAccount
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Allocation, Payment, Return, Reversal
from duebook.reports.services.verify_books import Finding, verify_books
from tests.factories import day, make_contact, make_payment
from tests.past_the_guards import past_the_guards
from tests.reports.stray_transfers import a_transfer, findings_besides_its_kind

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


def received_transfer(payment: Payment) -> Transfer:
    return Transfer.objects.get(payment_id=payment.pk, kind="payment_received")


@pytest.mark.parametrize("counter", ["returned", "reversed", "refunded"])
def test_payment_counters_and_credit_see_each_counter(counter: str):
    payment = make_payment("70.00", contact=make_contact())

    Payment.objects.filter(pk=payment.pk).update(**{f"{counter}_minor": 7000})

    findings = verify_books()
    assert Finding("payment_counters", f"P-{payment.number} {counter}", "0", "7000") in findings
    assert Finding("customer_credit", f"contact {payment.contact_id} in USD", "0", "7000") in findings


def test_payment_counters_sees_what_is_allocated(payment: Payment):
    Payment.objects.filter(pk=payment.pk).update(allocated_minor=3900)

    assert verify_books() == [
        Finding("payment_counters", f"P-{payment.number} allocated", "4000", "3900"),
        Finding("customer_credit", f"contact {payment.contact_id} in USD", "1100", "1000"),
    ]


def test_payment_undone_sees_a_reversal_that_left_credit(invoice: Invoice):
    payment = Payment.objects.get(reversed_minor__gt=0)

    Payment.objects.filter(pk=payment.pk).update(reversed_minor=1100)
    with past_the_guards():
        Reversal.objects.update(amount_minor=1100)

    assert verify_books() == [
        Finding("payment_undone", f"P-{payment.number}", "nothing left", "0 allocated, 100 credit"),
        Finding("customer_credit", f"contact {payment.contact_id} in USD", "1100", "1000"),
    ]


@pytest.mark.parametrize("values", [{"effective_on": "2020-01-01"}, {"kind": "adjustment"}])
def test_payment_received_sees_another_date_or_kind(payment: Payment, values: dict[str, Any]):
    transfer = received_transfer(payment)

    with past_the_guards():
        Transfer.objects.filter(pk=transfer.pk).update(**values)

    assert verify_books() == [
        Finding(
            "payment_received",
            f"P-{payment.number}",
            "one transfer of 4000 USD",
            "another amount, date, kind or account",
        )
    ]


def test_payment_received_sees_a_missing_transfer(payment: Payment):
    with past_the_guards():
        received_transfer(payment).delete()

    assert verify_books() == [
        Finding("payment_received", f"P-{payment.number}", "one transfer of 4000 USD", "no transfer"),
        Finding("customer_credit", f"contact {payment.contact_id} in USD", "1000", "-3000"),
    ]


def test_payment_received_sees_a_second_transfer(payment: Payment):
    transfer = received_transfer(payment)

    transfer.pk = None
    transfer.save()

    assert verify_books() == [
        Finding("payment_received", f"P-{payment.number}", "one transfer of 4000 USD", "2 transfers"),
        Finding("customer_credit", f"contact {payment.contact_id} in USD", "1000", "5000"),
    ]


def test_payment_received_sees_a_payment_taken_back_without_reversal(payment: Payment):
    original = received_transfer(payment)
    mirror = received_transfer(payment)
    mirror.pk = None
    mirror.corrects_id = original.pk
    mirror.debit_account_id, mirror.credit_account_id = original.credit_account_id, original.debit_account_id

    mirror.save()

    assert verify_books() == [
        Finding("payment_received", f"P-{payment.number}", "one transfer of 4000 USD", "taken back"),
        Finding("customer_credit", f"contact {payment.contact_id} in USD", "1000", "-3000"),
    ]


def test_return_booked_sees_another_fee(invoice: Invoice):
    returned = Return.objects.get()

    with past_the_guards():
        Return.objects.update(fee_minor=400)

    assert verify_books() == [
        Finding(
            "return_booked",
            f"P-{returned.payment.number}",
            "returned 1500, fee 400",
            "returned 1500, fee 300",
        )
    ]


def test_allocation_fits_sees_an_invoice_of_another_contact(payment: Payment):
    other = make_contact("Other")
    numbers = payment.number, payment.allocations.get().invoice.number

    with past_the_guards():
        Payment.objects.filter(pk=payment.pk).update(contact_id=other.pk)

    findings = [finding for finding in verify_books() if finding.check == "allocation_fits"]
    assert findings == [
        Finding(
            "allocation_fits",
            f"P-{numbers[0]} on INV-{numbers[1]}",
            f"contact {payment.contact_id}, USD",
            f"contact {other.pk}, USD",
        )
    ]


def test_allocation_booked_sees_another_day(payment: Payment):
    allocation = payment.allocations.get()
    what = f"P-{payment.number} on INV-{allocation.invoice.number}"

    with past_the_guards():
        Allocation.objects.filter(pk=allocation.pk).update(applied_on=day(1))

    assert verify_books() == [
        Finding("allocation_booked", f"{what}, {day()}", "0", "4000"),
        Finding("allocation_booked", f"{what}, {day(1)}", "4000", "0"),
    ]


def test_customer_credit_sees_a_stray_transfer(invoice: Invoice):
    a_transfer(
        credit_account_id=int(SystemAccount.CUSTOMER_CREDIT), contact_id=invoice.contact_id, currency="EUR"
    ).save()

    assert findings_besides_its_kind() == [
        Finding("customer_credit", f"contact {invoice.contact_id} in EUR", "0", "500"),
    ]
