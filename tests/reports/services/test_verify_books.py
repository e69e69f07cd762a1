"""verify: sound books give no finding; each thing broken gives exactly its finding."""

import pytest

from duebook.domain.accounts import SystemAccount
from duebook.events.models import Event
from duebook.invoices.models import Invoice, Void
from duebook.ledger.models import Account, Transfer
from duebook.orders.models import Cancellation, Order, OrderItem
from duebook.payments.models import Payment, Refund, Return, Reversal
from duebook.reports.services.verify_books import CHECKS, Finding, verify_books
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, day, key, make_contact, make_invoice
from tests.past_the_guards import past_the_guards
from tests.reports.stray_transfers import a_transfer, findings_besides_its_kind

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


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

    assert findings_besides_its_kind() == [Finding("trial_balance", "USD", "0", "500")]


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

    assert findings_besides_its_kind() == [
        Finding("transfer_ids", f"transfer {transfer.pk}", expected, found)
    ]


def test_transfer_contact_sees_a_transfer_that_names_another_contact(payment: Payment):
    other = make_contact("Other")
    transfer = a_transfer(contact_id=other.pk, payment_id=payment.pk)

    transfer.save()

    assert findings_besides_its_kind() == [
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

    assert findings_besides_its_kind() == [
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

    assert findings_besides_its_kind() == [
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

    findings = findings_besides_its_kind()

    assert len(findings) == 101
    assert findings[-1] == Finding("transfer_ids", "all together", "0 findings", "130 findings")
