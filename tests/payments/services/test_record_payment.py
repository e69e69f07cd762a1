"""Recording a payment: what it writes, what it refuses, the repeated request and the race."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.errors import DomainError
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments import write_path
from duebook.payments.models import Allocation, Payment
from duebook.payments.services import record_payment as module
from duebook.payments.services.record_payment import (
    Duplicates,
    PaymentRequest,
    preview_payment,
    record_payment,
    record_payments,
)
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_payment,
    payment_input,
    payment_type,
    usd,
)
from tests.snapshot import everything
from tests.threads import in_threads, while_open

pytestmark = pytest.mark.django_db


def record(wanted: PaymentInput, **fields: Any) -> Any:
    return record_payment(**{"wanted": wanted, "request_key": key(), "actor": SYSTEM, "on": day(), **fields})


def test_a_check_lowers_the_balance_and_stands_in_the_books() -> None:
    invoice = make_invoice("100.00")

    recorded = record(payment_input("40.00", invoice=invoice, reference="4471", notes="Brought in"))

    invoice.refresh_from_db()
    payment = Payment.objects.get(pk=recorded.payment_id)
    assert (invoice.applied_minor, invoice.balance_due_minor) == (4000, 6000)
    assert (invoice.counted_minor, invoice.uncounted_minor, invoice.money_minor) == (4000, 0, 4000)
    assert (payment.amount_minor, payment.allocated_minor, payment.credit_minor) == (4000, 4000, 0)
    assert (payment.reference, payment.notes, payment.source) == ("4471", "Brought in", "command")
    assert list(
        Transfer.objects.filter(payment_id=payment.pk)
        .order_by("id")
        .values_list("debit_account_id", "credit_account_id", "amount_minor", "invoice_id")
    ) == [
        (Sys.UNDEPOSITED_FUNDS, Sys.CUSTOMER_CREDIT, 4000, None),
        (Sys.CUSTOMER_CREDIT, Sys.RECEIVABLE, 4000, invoice.pk),
    ]
    event = Event.objects.get(name="payment.recorded")
    assert event.payment_id == payment.pk
    assert event.payload["applied"] == [
        {"invoice_id": invoice.pk, "number": invoice.number, "amount_minor": 4000}
    ]


@pytest.mark.parametrize(
    ("type_label", "counts", "counters"),
    [
        ("Check", True, (4000, 0, 4000)),
        ("Check", False, (0, 4000, 4000)),
        ("Adjustment", True, (4000, 0, 0)),
        ("Write-off", False, (0, 0, 0)),
    ],
)
def test_the_counters_for_commissions_follow_type_and_answer(
    type_label: str, counts: bool, counters: tuple[int, int, int]
) -> None:
    invoice = make_invoice()

    record(payment_input("40.00", invoice=invoice, type_label=type_label, apply_to_commissions=counts))

    invoice.refresh_from_db()
    assert (invoice.counted_minor, invoice.uncounted_minor, invoice.money_minor) == counters
    assert invoice.applied_minor == 4000


def test_one_check_pays_two_invoices_and_keeps_the_rest_as_credit() -> None:
    contact = make_contact()
    one, two = make_invoice("100.00", contact=contact), make_invoice("50.00", contact=contact)

    recorded = record(
        payment_input(
            "160.00",
            contact=contact,
            shares={one.pk: "100.00", two.pk: "50.00"},
            surplus=Surplus.KEEP_AS_CREDIT,
        )
    )

    assert list(Invoice.objects.values_list("balance_due_minor", flat=True)) == [0, 0]
    assert Payment.objects.get(pk=recorded.payment_id).credit_minor == 1000


def test_preview_and_save_decide_the_same() -> None:
    invoice = make_invoice()
    wanted = payment_input("70.00", invoice=invoice)

    before = everything()
    preview = preview_payment(wanted=wanted, actor=SYSTEM, on=day())
    assert everything() == before

    assert record(wanted).decision == preview


def test_the_same_request_is_recorded_once() -> None:
    wanted = payment_input(invoice=make_invoice())
    request_key = key()
    first = record(wanted, request_key=request_key)
    before = everything()

    again = record(wanted, request_key=request_key)

    assert (again.payment_id, again.number, again.repeated) == (first.payment_id, first.number, True)
    assert everything() == before


def test_the_same_key_with_other_values_is_refused() -> None:
    invoice = make_invoice()
    request_key = key()
    first = record(payment_input("40.00", invoice=invoice), request_key=request_key)
    before = everything()

    with pytest.raises(errors.KeyReused) as refused:
        record(payment_input("41.00", invoice=invoice), request_key=request_key)

    assert refused.value.values["number"] == f"P-{first.number}"
    assert everything() == before


def test_two_people_may_use_the_same_key() -> None:
    invoice = make_invoice()
    request_key = key()

    for user_id in (1, 2):
        record(payment_input("10.00", invoice=invoice), request_key=request_key, actor=actor(user_id=user_id))

    assert Payment.objects.count() == 2


def closed(wanted: PaymentInput) -> PaymentInput:
    ClosedPeriod.objects.create(closed_until=day(-1), decided_by_id=1)
    return PaymentInput(
        contact_id=wanted.contact_id,
        amount=wanted.amount,
        payment_type_id=wanted.payment_type_id,
        received_on=day(-1),
        shares=wanted.shares,
    )


def inactive_type(wanted: PaymentInput) -> PaymentInput:
    check = payment_type()
    check.active = False
    check.save()
    return wanted


def void_invoice(wanted: PaymentInput) -> PaymentInput:
    from duebook.sales.services.void_invoice import void_invoice as void

    void(invoice_id=wanted.shares[0].invoice_id, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    return wanted


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda w: payment_input("100.01", invoice=Invoice.objects.get()), errors.AboveBalance),
        (
            lambda w: payment_input("1.00", invoice=Invoice.objects.get(), received_on=day(1)),
            errors.FutureDate,
        ),
        (
            lambda w: payment_input(
                "1.00", contact=make_contact("Other"), shares={Invoice.objects.get().pk: "1.00"}
            ),
            errors.InvoiceOfOtherContact,
        ),
        (
            lambda w: payment_input("1.00", invoice=Invoice.objects.get(), notes="5555-5555-5555-4444"),
            errors.CardNumberTyped,
        ),
        (closed, errors.PeriodClosed),
        (inactive_type, errors.PaymentTypeInactive),
        (void_invoice, errors.InvoiceVoid),
    ],
)
def test_a_refused_payment_changes_nothing(
    spoil: Callable[[PaymentInput], PaymentInput], error: type[DomainError]
) -> None:
    wanted = spoil(payment_input(invoice=make_invoice("100.00")))
    before = everything()

    with pytest.raises(error):
        record(wanted)

    assert everything() == before


def test_a_contact_that_does_not_exist_is_refused() -> None:
    wanted = PaymentInput(
        contact_id=999,
        amount=usd("1.00"),
        payment_type_id=payment_type().pk,
        received_on=day(),
        surplus=Surplus.KEEP_AS_CREDIT,
    )

    with pytest.raises(errors.NotFound):
        record(wanted)


def test_a_viewer_records_nothing() -> None:
    wanted = payment_input(invoice=make_invoice())
    before = everything()

    with pytest.raises(errors.Forbidden):
        record(wanted, actor=actor(Role.VIEWER))

    assert everything() == before


def test_a_clerk_records_money_but_no_write_off() -> None:
    invoice = make_invoice()

    record(payment_input("1.00", invoice=invoice), actor=actor(Role.CLERK))
    with pytest.raises(errors.Forbidden):
        record(payment_input("1.00", invoice=invoice, type_label="Write-off"), actor=actor(Role.CLERK))


def test_a_limit_is_kept() -> None:
    invoice = make_invoice()
    limited = actor(Role.CLERK, limits={(Right.RECORD_PAYMENTS, "USD"): 5000})

    record(payment_input("50.00", invoice=invoice), actor=limited)
    with pytest.raises(errors.AboveLimit):
        record(payment_input("50.01", invoice=invoice, surplus=Surplus.KEEP_AS_CREDIT), actor=limited)


def test_an_equal_payment_of_the_last_day_asks_first_in_a_form_only() -> None:
    invoice = make_invoice()
    wanted = payment_input("10.00", invoice=invoice)
    first = record(wanted, duplicates=Duplicates.ASK)
    before = everything()

    with pytest.raises(errors.LooksLikeDuplicate) as asked:
        record(wanted, duplicates=Duplicates.ASK)

    assert asked.value.values["number"] == f"P-{first.number}"
    assert everything() == before
    assert record(wanted, duplicates=Duplicates.ALLOW).payment_id != first.payment_id


def test_an_undone_payment_raises_no_question() -> None:
    from duebook.payments.services.reverse_payment import reverse_payment

    wanted = payment_input("10.00", invoice=make_invoice())
    first = record(wanted)
    reverse_payment(payment_id=first.payment_id, reason="Typo", request_key=key(), actor=SYSTEM, on=day())

    assert not record(wanted, duplicates=Duplicates.ASK).repeated


def test_recording_takes_at_most_six_round_trips() -> None:
    wanted = payment_input(invoice=make_invoice())
    on = day()

    with CaptureQueriesContext(connection) as queries:
        record_payment(wanted=wanted, request_key=key(), actor=SYSTEM, on=on)

    # Inside the test's transaction BEGIN and COMMIT are a savepoint and its release.
    assert len(queries) == 5


def test_a_batch_of_500_on_one_invoice_adds_up() -> None:
    invoice = make_invoice("400.00")
    requests = [PaymentRequest(payment_input("1.00", invoice=invoice), key()) for _ in range(500)]

    results = record_payments(requests=requests, actor=SYSTEM, on=day())

    invoice.refresh_from_db()
    assert invoice.balance_due_minor == 0
    assert sum(isinstance(result, DomainError) for result in results) == 100
    assert {type(result) for result in results[400:]} == {errors.InvoicePaid}
    assert Allocation.objects.count() == 400
    assert Event.objects.filter(name="payment.recorded").count() == 400


def test_a_bad_row_of_a_batch_takes_no_other_with_it() -> None:
    invoice = make_invoice("100.00")
    good = payment_input("10.00", invoice=invoice)
    future = payment_input("10.00", invoice=invoice, received_on=day(2))

    results = record_payments(
        requests=[PaymentRequest(w, key()) for w in (good, future, good)], actor=SYSTEM, on=day()
    )

    assert [type(result).__name__ for result in results] == [
        "RecordedPayment",
        "FutureDate",
        "RecordedPayment",
    ]
    assert Payment.objects.count() == 2


def test_a_batch_run_again_records_nothing_twice() -> None:
    invoice = make_invoice("100.00")
    requests = [PaymentRequest(payment_input("10.00", invoice=invoice), key()) for _ in range(3)]
    first = record_payments(requests=[*requests, requests[0]], actor=SYSTEM, on=day())
    before = everything()

    again = record_payments(requests=requests, actor=SYSTEM, on=day())

    assert first[3].repeated
    assert [r.payment_id for r in again] == [r.payment_id for r in first[:3]]
    assert everything() == before


def test_a_batch_that_the_database_refuses_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (
        make_invoice("100.00", contact=make_contact("One")),
        make_invoice("100.00", contact=make_contact("Two")),
    )
    requests = [PaymentRequest(payment_input("10.00", invoice=i), key()) for i in (one, two, one)]
    book = write_path.book

    def refuse_two(plan: write_path.Plan) -> None:
        if two.pk in plan.invoices:
            raise IntegrityError("refused")
        book(plan)

    monkeypatch.setattr(module.write_path, "book", refuse_two)

    results = record_payments(requests=requests, actor=SYSTEM, on=day())

    assert isinstance(results[1], module.RefusedByDatabase)
    one.refresh_from_db()
    assert one.applied_minor == 2000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "only the database's own guard"])
@pytest.mark.parametrize("count", [8, 64])
def test_payments_at_once_never_apply_more_than_is_due(
    count: int, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = make_invoice("100.00")
    wanted = payment_input("30.00", invoice=invoice)
    if not locked:
        monkeypatch.setattr(module.write_path, "lock_invoices", lambda ids: None)

    results = in_threads(count, lambda i: record(wanted))

    invoice.refresh_from_db()
    assert invoice.applied_minor == 9000
    assert sum(not isinstance(result, DomainError) for result in results) == 3
    if locked:
        assert {type(r) for r in results if isinstance(r, DomainError)} == {errors.AboveBalance}


@pytest.mark.django_db(transaction=True)
def test_the_same_request_sent_eight_times_at_once_is_recorded_once() -> None:
    wanted = payment_input(invoice=make_invoice())
    request_key = key()

    results = in_threads(8, lambda i: record(wanted, request_key=request_key))

    assert len({result.payment_id for result in results}) == 1
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_request_on_account_sent_eight_times_at_once_is_recorded_once() -> None:
    wanted = payment_input("5.00", contact=make_contact())
    request_key = key()

    results = in_threads(8, lambda i: record(wanted, request_key=request_key))

    assert len({result.payment_id for result in results}) == 1
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_batch_finds_the_same_request_that_another_connection_is_just_recording() -> None:
    wanted = payment_input("5.00", contact=make_contact())
    request = PaymentRequest(wanted, "k")
    other = PaymentRequest(payment_input("7.00", contact=make_contact("Other")), key())

    first, [results] = while_open(
        lambda: record(wanted, request_key="k"),
        lambda: record_payments(requests=[request, other], actor=SYSTEM, on=day()),
    )

    assert (results[0].payment_id, results[0].repeated) == (first.payment_id, True)
    assert not results[1].repeated
    assert Payment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_batches_over_the_same_invoices_in_any_order_do_not_deadlock() -> None:
    contact = make_contact()
    invoices = [make_invoice("1000.00", contact=contact) for _ in range(4)]

    def work(i: int) -> Any:
        order = invoices if i % 2 else invoices[::-1]
        return record_payments(
            requests=[PaymentRequest(payment_input("1.00", invoice=one), key()) for one in order],
            actor=SYSTEM,
            on=day(),
        )

    results = in_threads(16, work)

    assert all(not isinstance(one, DomainError) for batch in results for one in batch)
    assert set(Invoice.objects.values_list("applied_minor", flat=True)) == {1600}


def test_the_share_may_name_the_balance_that_was_seen() -> None:
    invoice = make_invoice("100.00")
    make_payment("30.00", invoice=invoice)
    wanted = PaymentInput(
        contact_id=invoice.contact_id,
        amount=usd("100.00"),
        payment_type_id=payment_type().pk,
        received_on=day(),
        shares=(Share(invoice.pk, usd("100.00"), balance_seen=usd("100.00")),),
    )

    with pytest.raises(errors.BalanceChanged):
        record(wanted)


def test_a_payment_long_ago_is_recorded_on_its_own_day() -> None:
    invoice = make_invoice(ordered_on=day(-60))

    recorded = record(payment_input(invoice=invoice, received_on=day(-30)))

    allocation = Allocation.objects.get(payment_id=recorded.payment_id)
    assert allocation.applied_on == day() - timedelta(days=30)
