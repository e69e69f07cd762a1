"""verify: sound books give no finding; each thing broken gives exactly its finding."""

from typing import Any

import pytest

from duebook.contacts.models import Contact
from duebook.domain.accounts import SystemAccount
from duebook.domain.order_lines import ItemKind
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.invoices.models import Invoice, Void
from duebook.ledger.models import Account, Transfer
from duebook.orders.models import Cancellation, Order, OrderItem
from duebook.payments.models import (
    Allocation,
    GatewayRefund,
    Payment,
    Refund,
    RefundReversal,
    Return,
    Reversal,
)
from duebook.payments.services.apply_credit import apply_credit
from duebook.payments.services.move_allocation import move_allocation
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.reports.services.verify_books import CHECKS, Finding, verify_books
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment, make_refund, usd
from tests.past_the_guards import past_the_guards
from tests.payments.coming_back import come_back
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import a_charge, a_refund

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


@pytest.fixture
def invoice() -> Invoice:
    """An open invoice of 120.00 with 40.00 applied, and beside it everything else that can happen."""
    acme = make_contact("Acme")
    _everything_happens(acme)
    invoice = make_invoice(
        contact=acme,
        lines=[
            line("110.00"),
            line("20.00", kind=ItemKind.TAX),
            line("10.00", kind=ItemKind.DISCOUNT),
        ],
    )
    make_payment("40.00", invoice=invoice)
    return Invoice.objects.get(pk=invoice.pk)


@pytest.fixture
def payment(invoice: Invoice) -> Payment:
    return Payment.objects.get(allocations__invoice=invoice)


def _everything_happens(acme: Contact) -> None:
    first, second, third = (make_invoice("100.00", contact=acme) for _ in range(3))
    make_payment("30.00", invoice=first, type_label="Adjustment")
    moved = make_payment("50.00", invoice=first)
    move_allocation(
        payment_id=moved.pk,
        from_invoice_id=first.pk,
        to_invoice_id=second.pk,
        amount=usd("20.00"),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    make_payment("70.00", contact=acme)
    apply_credit(
        contact_id=acme.pk,
        shares=(Share(third.pk, usd("60.00")),),
        apply_to_commissions=False,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    returned = make_payment("15.00", invoice=second, apply_to_commissions=False)
    return_payment(
        payment_id=returned.pk,
        returned_on=day(),
        reason="bounced",
        fee=usd("3.00"),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    make_refund(make_payment("25.00", invoice=third), "10.00", owes="4.00")
    reversed_ = make_payment("12.00", invoice=third)
    reverse_payment(
        payment_id=reversed_.pk, reason="entered twice", request_key=key(), actor=SYSTEM, on=day()
    )
    changed = make_invoice("10.00", contact=acme)
    change_order(order_id=changed.order_id, lines=[line("12.00")], request_key=key(), actor=SYSTEM, on=day())
    void_invoice(invoice_id=changed.pk, reason="wrong", request_key=key(), actor=SYSTEM, on=day())
    dropped = make_invoice("11.00", contact=acme)
    cancel_order(order_id=dropped.order_id, reason="not wanted", request_key=key(), actor=SYSTEM, on=day())


def a_transfer(**values: Any) -> Transfer:
    return Transfer(
        **{
            "kind": "bank_fee_of_nothing",
            "debit_account_id": int(SystemAccount.BANK_FEES),
            "credit_account_id": int(SystemAccount.BANK),
            "amount_minor": 500,
            "currency": "USD",
            "effective_on": day(),
            **values,
        }
    )


def received_transfer(payment: Payment) -> Transfer:
    return Transfer.objects.get(payment_id=payment.pk, kind="payment_received")


def test_books_in_which_everything_happened_give_no_finding(invoice: Invoice):
    assert Payment.objects.count() == 8
    assert Return.objects.count() == Reversal.objects.count() == Cancellation.objects.count() == 1
    assert Refund.objects.count() == 1

    assert verify_books() == []


def test_empty_books_give_no_finding():
    assert verify_books() == []


def test_the_caller_hears_of_each_check():
    heard: list[str] = []

    verify_books(on_check=lambda check: heard.append(check.name))

    assert heard == [check.name for check in CHECKS]
    assert len(set(heard)) == len(CHECKS)


def test_trial_balance_sees_a_transfer_from_an_account_that_is_gone():
    with past_the_guards():
        a_transfer(credit_account_id=99).save()

    assert verify_books() == [Finding("trial_balance", "USD", "0", "500")]


@pytest.mark.parametrize(
    ("field", "expected", "found"),
    [
        ("contact_id", "a contact", "no contact with id 999"),
        ("invoice_id", "an invoice", "no invoice with id 999"),
        ("payment_id", "a payment", "no payment with id 999"),
        ("partner_id", "a partner", "no partner with id 999"),
        ("corrects_id", "a corrected transfer", "no transfer with id 999"),
    ],
)
def test_transfer_ids_sees_what_does_not_exist(field: str, expected: str, found: str):
    transfer = a_transfer(**{field: 999})

    transfer.save()

    assert verify_books() == [Finding("transfer_ids", f"transfer {transfer.pk}", expected, found)]


def test_transfer_contact_sees_a_transfer_that_names_another_contact(payment: Payment):
    other = make_contact("Other")
    transfer = a_transfer(contact_id=other.pk, payment_id=payment.pk)

    transfer.save()

    assert verify_books() == [
        Finding(
            "transfer_contact",
            f"transfer {transfer.pk}",
            f"contact {payment.contact_id}",
            f"contact {other.pk}",
        )
    ]


def test_mirrored_transfers_sees_a_correction_of_another_amount():
    first = a_transfer()
    first.save()
    mirror = a_transfer(debit_account_id=1, credit_account_id=15, amount_minor=499, corrects_id=first.pk)

    mirror.save()

    assert verify_books() == [
        Finding(
            "mirrored_transfers",
            f"transfer {mirror.pk}",
            "bank_fee_of_nothing 500 USD from 15 to 1",
            "bank_fee_of_nothing 499 USD from 15 to 1",
        )
    ]


def test_order_invoice_sees_an_order_without_invoice(invoice: Invoice):
    order = Order.objects.create(
        contact_id=invoice.contact_id, title="Left", ordered_on=day(), currency="USD", source="web"
    )
    Event.objects.create(name="order.placed", actor_id=0, source="web", order_id=order.pk)
    order.refresh_from_db()

    assert verify_books() == [
        Finding(
            "order_invoice",
            f"order #{order.number}",
            f"one invoice, contact {invoice.contact_id}, USD",
            "no invoice",
        )
    ]


def test_cancelled_order_sees_an_invoice_that_is_not_void(invoice: Invoice):
    Cancellation.objects.create(order_id=invoice.order_id, cancelled_on=day(), reason="x", cancelled_by_id=0)
    Event.objects.create(name="order.cancelled", actor_id=0, source="web", order_id=invoice.order_id)

    assert verify_books() == [
        Finding(
            "cancelled_order",
            f"order #{invoice.order.number}",
            "a void invoice",
            f"INV-{invoice.number} is not void",
        )
    ]


def test_invoice_total_and_income_see_a_changed_item(invoice: Invoice):
    OrderItem.objects.filter(order_id=invoice.order_id, kind="product").update(line_minor=11100)

    assert verify_books() == [
        Finding("invoice_total", f"INV-{invoice.number} total", "12100", "12000"),
        Finding("invoice_income", f"INV-{invoice.number} in account 4000", "11100", "11000"),
    ]


def test_invoice_total_sees_a_wrong_finance_charge(invoice: Invoice):
    Invoice.objects.filter(pk=invoice.pk).update(finance_minor=100)

    assert verify_books() == [
        Finding("invoice_total", f"INV-{invoice.number} finance charge", "0", "100"),
    ]


def test_invoice_total_sees_what_a_void_invoice_came_to():
    invoice = make_invoice("12.00")
    void_invoice(invoice_id=invoice.pk, reason="wrong", request_key=key(), actor=SYSTEM, on=day())

    with past_the_guards():
        Void.objects.update(total_minor=1100)

    assert verify_books() == [
        Finding("invoice_total", f"INV-{invoice.number} total before it was void", "1200", "1100"),
    ]


def test_invoice_total_and_receivable_see_a_void_invoice_that_still_has_a_total():
    invoice = make_invoice("12.00")
    void_invoice(invoice_id=invoice.pk, reason="wrong", request_key=key(), actor=SYSTEM, on=day())

    Invoice.objects.filter(pk=invoice.pk).update(total_minor=1200)

    assert verify_books() == [
        Finding("invoice_total", f"INV-{invoice.number} total", "0", "1200"),
        Finding("invoice_receivable", f"INV-{invoice.number}", "1200", "0"),
    ]


@pytest.mark.parametrize(
    ("values", "name", "expected", "found"),
    [
        ({"counted_minor": 3900}, "counted", "4000", "3900"),
        ({"counted_minor": 3900, "uncounted_minor": 100}, "counted", "4000", "3900"),
        ({"counted_minor": 0, "money_minor": 3900}, "money", "4000", "3900"),
        ({"money_back_minor": 5}, "money back", "0", "5"),
    ],
)
def test_invoice_counters_sees_each_counter(
    invoice: Invoice, values: dict[str, int], name: str, expected: str, found: str
):
    Invoice.objects.filter(pk=invoice.pk).update(**values)

    findings = verify_books()

    assert Finding("invoice_counters", f"INV-{invoice.number} {name}", expected, found) in findings
    assert {(f.check, f.what.split()[0]) for f in findings} == {("invoice_counters", f"INV-{invoice.number}")}


def test_invoice_counters_and_receivable_see_what_is_applied(invoice: Invoice):
    Invoice.objects.filter(pk=invoice.pk).update(applied_minor=4100)

    assert verify_books() == [
        Finding("invoice_counters", f"INV-{invoice.number} applied", "4000", "4100"),
        Finding("invoice_receivable", f"INV-{invoice.number}", "7900", "8000"),
    ]


def test_invoice_receivable_sees_a_stray_transfer(invoice: Invoice):
    a_transfer(
        debit_account_id=int(SystemAccount.RECEIVABLE), invoice_id=invoice.pk, contact_id=invoice.contact_id
    ).save()
    a_transfer(debit_account_id=int(SystemAccount.RECEIVABLE), currency="EUR", amount_minor=7).save()

    assert verify_books() == [
        Finding("invoice_receivable", f"INV-{invoice.number}", "8000", "8500"),
        Finding("invoice_receivable", "receivable of invoice id none in EUR", "0", "7"),
    ]


def test_invoice_income_sees_a_posting_to_another_account(invoice: Invoice):
    posted = Transfer.objects.filter(invoice_id=invoice.pk, credit_account_id=int(SystemAccount.SALES))

    with past_the_guards():
        posted.update(credit_account_id=int(SystemAccount.OTHER_INCOME))

    assert verify_books() == [
        Finding("invoice_income", f"INV-{invoice.number} in account 4000", "11000", "0"),
        Finding("invoice_income", f"INV-{invoice.number} in account 4300", "0", "11000"),
    ]


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


def test_refund_booked_sees_another_account(invoice: Invoice):
    refund = Refund.objects.get()
    what = f"P-{refund.payment.number}, {day()}"

    with past_the_guards():
        Refund.objects.update(account_id=int(SystemAccount.UNDEPOSITED_FUNDS))

    assert sorted(verify_books(), key=str) == [
        Finding("refund_booked", what, "0", "1000"),
        Finding("refund_booked", what, "1000", "0"),
    ]


def undone_refund() -> Refund:
    """A refund of 10.00 that is undone, its reversal and event."""
    refund = Refund.objects.get()
    reverse_refund(refund_id=refund.pk, reason="Wrong customer", request_key=key(), actor=SYSTEM, on=day())
    assert verify_books() == []
    return refund


def test_refund_reversed_sees_money_that_did_not_come_back(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    what = f"P-{refund.payment.number}, refund {refund.pk}"

    with past_the_guards():
        Transfer.objects.filter(pk=back).update(corrects_id=None)

    findings = [finding for finding in verify_books() if finding.check == "refund_reversed"]
    assert findings == [Finding("refund_reversed", what, f"taken back by {back}", "not taken back")]


def test_refund_reversed_sees_a_refund_that_the_gateway_gave(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    what = f"P-{refund.payment.number}, refund {refund.pk}"

    with past_the_guards():
        Refund.objects.update(means="gateway")

    assert verify_books() == [
        Finding("refund_reversed", what, "not undone, the gateway gave it back", f"taken back by {back}")
    ]


def test_a_refund_that_came_back_and_is_booked_back_without_the_gateways_word_is_seen(
    gateway: FakeGateway,
):
    attempt = a_refund(a_charge("100.00"), "40.00")
    come_back(gateway)
    refund = undone_refund()
    label = f"P-{refund.payment.number}, refund {refund.pk}"
    back = RefundReversal.objects.get().transfer_id

    GatewayRefund.objects.filter(pk=attempt.pk).update(came_back_at=None)

    assert verify_books() == [
        Finding("refund_reversed", label, "not undone, the gateway gave it back", f"taken back by {back}")
    ]


def test_a_missing_undoing_of_a_refund_is_seen_by_every_figure_that_follows_from_it(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    label = f"P-{refund.payment.number}"

    with past_the_guards():
        RefundReversal.objects.all().delete()

    findings = verify_books()
    assert Finding("payment_counters", f"{label} refunded", "1000", "0") in findings
    assert (
        Finding("refund_reversed", f"{label}, refund {refund.pk}", "not taken back", f"taken back by {back}")
        in findings
    )


def test_missing_event_sees_an_undone_refund_without_one(invoice: Invoice):
    refund = undone_refund()

    with past_the_guards():
        Event.objects.filter(name="refund.reversed").update(name="nothing.happened")

    what = f"P-{refund.payment.number}, refund {refund.pk}"
    missing = [finding for finding in verify_books() if finding.check == "missing_event"]
    assert missing == [Finding("missing_event", what, "one event refund.reversed", "0")]


def test_refund_fits_sees_a_refund_of_an_adjustment(invoice: Invoice):
    refund = Refund.objects.get()
    number = refund.payment.number

    with past_the_guards():
        Payment.objects.filter(pk=refund.payment_id).update(kind="adjustment")

    findings = [finding for finding in verify_books() if finding.check == "refund_fits"]
    assert findings == [Finding("refund_fits", f"P-{number}", "money in USD", "adjustment in USD")]


def test_a_missing_refund_is_seen_by_every_figure_that_follows_from_it(invoice: Invoice):
    refund = Refund.objects.get()
    label = f"P-{refund.payment.number}"

    with past_the_guards():
        Refund.objects.all().delete()

    findings = verify_books()
    assert Finding("payment_counters", f"{label} refunded", "0", "1000") in findings
    assert Finding("refund_booked", f"{label}, {day()}", "0", "1000") in findings
    assert "money back" in " ".join(f.what for f in findings if f.check == "invoice_counters")


def test_missing_event_sees_a_refund_without_one(invoice: Invoice):
    refund = Refund.objects.get()

    with past_the_guards():
        Event.objects.filter(name="payment.refunded").update(name="nothing.happened")

    missing = [finding for finding in verify_books() if finding.check == "missing_event"]
    assert missing == [Finding("missing_event", f"P-{refund.payment.number}", "1 of payment.refunded", "0")]


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

    assert verify_books() == [
        Finding("customer_credit", f"contact {invoice.contact_id} in EUR", "0", "500"),
    ]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("payment.recorded", "P-1"),
        ("order.placed", "order #1001"),
        ("payment.reversed", "P-1"),
        ("payment.returned", "P-1"),
        ("order.cancelled", "order #1001"),
    ],
)
def test_missing_event_sees_each_kind(invoice: Invoice, name: str, label: str):
    event = Event.objects.filter(name=name).earliest("id")
    number = (
        f"P-{Payment.objects.get(pk=event.payment_id).number}"
        if label.startswith("P-")
        else f"order #{Order.objects.get(pk=event.order_id).number}"
    )

    with past_the_guards():
        Event.objects.filter(pk=event.pk).update(name="nothing.happened", payload={})

    missing = [finding for finding in verify_books() if finding.check == "missing_event"]
    assert Finding("missing_event", number, f"one event {name}", "0") in missing


def test_missing_event_sees_a_void_invoice_without_one(invoice: Invoice):
    event = Event.objects.get(name="invoice.voided")
    void = Void.objects.get(invoice__order_id=event.order_id)

    with past_the_guards():
        event.delete()

    assert verify_books() == [
        Finding(
            "missing_event",
            f"INV-{void.invoice.number}",
            "an event invoice.voided or order.cancelled",
            "0",
        )
    ]


def test_events_and_allocations_sees_what_no_event_tells(payment: Payment):
    allocation = payment.allocations.get()
    event = Event.objects.get(name="payment.recorded", payment_id=payment.pk)
    payload = {**event.payload, "applied": []}

    with past_the_guards():
        Event.objects.filter(pk=event.pk).update(payload=payload)

    assert verify_books() == [
        Finding(
            "events_and_allocations",
            f"P-{payment.number} on invoice id {allocation.invoice_id}",
            "0",
            "4000",
        )
    ]


def test_many_findings_of_one_check_are_cut_short_and_counted():
    account = Account.objects.get(pk=int(SystemAccount.BANK))
    Transfer.objects.bulk_create(
        a_transfer(credit_account=account, contact_id=1000 + number) for number in range(130)
    )

    findings = verify_books()

    assert len(findings) == 101
    assert findings[-1] == Finding("transfer_ids", "all together", "0 findings", "130 findings")
