"""Importing orders: what a file becomes, what is refused by row, and that a second run adds nothing."""

import tracemalloc
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duebook.contacts.models import Contact
from duebook.domain import errors
from duebook.domain.errors import Forbidden
from duebook.domain.permissions import Right, Role
from duebook.events.models import Event
from duebook.imports import batches_in_turn, demo_sample
from duebook.imports.order_batch import Writing
from duebook.imports.order_file import open_order_file
from duebook.imports.order_reading import read_batches
from duebook.imports.services import import_orders as module
from duebook.imports.services.import_orders import import_orders
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.orders.models import Order
from duebook.payments.models import Payment
from tests.domain.test_order_row import TERMS
from tests.factories import actor, day, make_contact, make_partner
from tests.imports.importing import Importing, reasons
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def test_a_row_becomes_a_contact_an_order_an_invoice_and_its_posting(importing: Importing) -> None:
    report = importing("customer_id,order_date,quantity,amount", "00004,2026-01-05,2,29.33")

    order = Order.objects.get()
    invoice = order.invoice
    item = order.items.get()
    transfer = Transfer.objects.get()
    assert (report.rows, report.created, report.contacts, report.refused_rows) == (1, 1, 1, 0)
    assert report.ordered_minor == {"USD": 2933}
    assert order.contact.name == "Customer 00004"
    assert order.contact.external_id == "00004"
    assert (order.title, order.ordered_on, order.currency) == ("Imported order", date(2026, 1, 5), "USD")
    assert (order.source, order.lead_partner_id) == ("import", None)
    assert (item.quantity, item.unit_price, item.line_minor) == (Decimal(2), Decimal("14.665"), 2933)
    assert (invoice.total_minor, invoice.issued_on, invoice.due_on) == (
        2933,
        date(2026, 1, 5),
        date(2026, 2, 4),
    )
    assert (transfer.amount_minor, transfer.invoice_id) == (2933, invoice.pk)
    assert [event.name for event in Event.objects.order_by("name")] == ["contact.added", "order.placed"]
    assert report.findings == []


def test_an_unknown_partner_code_refuses_its_order_and_no_other(importing: Importing) -> None:
    make_partner("Dana", code="DANA1")

    report = importing(
        "customer_name,order_date,amount,lead_partner,sale_partner",
        "Acme,2026-01-05,10.00,NOBODY,",
        "Acme,2026-01-06,20.00,,dana1",
        "Acme,2026-01-07,30.00,,BEN1",
    )

    assert reasons(report) == [
        (2, "lead_partner", "partner_code_unknown"),
        (4, "sale_partner", "partner_code_unknown"),
    ]
    order = Order.objects.get()
    assert order.sale_partner is not None
    assert (order.lead_partner_id, order.sale_partner.name) == (None, "Dana")


def test_the_real_orders_go_in_whole_and_a_second_run_adds_nothing(tmp_path: Path) -> None:
    sample = Path(str(demo_sample._SAMPLE))
    options: dict[str, Any] = {"path": sample, "columns": {"amount": "amount_usd"}, "currency": "USD"}

    first = import_orders(**options)
    before = everything()
    second = import_orders(**options)

    assert (first.created, first.contacts, first.refused_rows) == (721, 203, 0)
    assert first.ordered_minor == {"USD": sum(Invoice.objects.values_list("total_minor", flat=True))}
    assert (second.created, second.already_there, second.contacts, second.refused_rows) == (0, 721, 0, 0)
    assert everything() == before


def test_equal_rows_of_one_file_are_orders_of_their_own(importing: Importing) -> None:
    rows = ["4,2026-01-05,5.00"] * 3

    first = importing("customer_id,order_date,amount", *rows)
    second = importing("customer_id,order_date,amount", *rows, "4,2026-01-05,5.00")

    assert (first.created, second.created, second.already_there) == (3, 1, 3)
    assert Contact.objects.count() == 1


def test_a_file_that_has_grown_adds_only_what_is_new(importing: Importing) -> None:
    importing("customer_id,order_date,amount", "4,2026-01-05,5.00", "5,2026-01-06,6.00")

    report = importing(
        "amount,customer_id,order_date,note",
        "7.00,4,2026-01-07,new",
        "6.00,5,2026-01-06,",
        "5.00,4,2026-01-05,",
    )

    assert (report.created, report.already_there) == (1, 2)


def test_rows_of_one_order_number_are_its_items_wherever_they_stand(importing: Importing) -> None:
    report = importing(
        "order_number,customer_name,order_date,item,quantity,unit_price",
        "A-1,Marta Keller,2026-01-05,Logo,1,350.00",
        "A-2,Ana Petrov,2026-01-06,Cards,2,8.50",
        "A-1,,,Cards,4,8.50",
    )

    orders = {order.title: order for order in Order.objects.all()}
    assert (report.rows, report.created, report.contacts, report.products) == (3, 2, 2, 2)
    assert orders["Order A-1"].invoice.total_minor == 38400
    assert [item.description for item in orders["Order A-1"].items.all()] == ["Logo", "Cards"]
    assert orders["Order A-2"].invoice.total_minor == 1700


def test_an_order_that_is_there_with_another_total_is_refused_and_stays(importing: Importing) -> None:
    header = "order_number,customer_id,order_date,amount"
    importing(header, "A-1,4,2026-01-05,5.00")
    before = everything()

    report = importing(header, "A-1,4,2026-01-05,6.00")

    assert reasons(report) == [(2, "order_number", "order_differs")]
    assert everything() == before


def test_a_bad_row_is_reported_with_its_line_and_the_rest_goes_in(importing: Importing) -> None:
    report = importing(
        "customer_id,order_date,quantity,amount,paid,paid_on,payment_type,due_date",
        "1,2026-01-05,1,5.00,,,,",
        "2,05 January,1,5.00,,,,",
        "3,2026-01-05,1,five,,,,",
        "4,2026-01-05,0,5.00,,,,",
        ",2026-01-05,1,5.00,,,,",
        f"6,{day(1)},1,5.00,,,,",
        f"7,2026-01-05,1,5.00,yes,{day(1)},,",
        "8,2026-01-05,1,5.00,yes,,Barter,",
        "9,2026-01-05,1,5.00,yes,,Credit Card (charge now),",
        "10,2026-01-05,1,5.00,6.00,,,",
        "11,2026-01-05,1,5.00,,,,2026-01-04",
        "12,2026-01-05,1,5.00,,,,,,",
        "13,2026-01-05,1,\x075.00,,,,",
        "14,2026-01-05,1,6.00,,,,",
    )

    assert reasons(report) == [
        (3, "order_date", "date_unreadable"),
        (4, "amount", "amount_format"),
        (5, "quantity", "quantity_not_positive"),
        (6, "customer_id", "value_missing"),
        (7, "order_date", "future_order_date"),
        (8, "paid_on", "future_date"),
        (9, "payment_type", "payment_type_unknown"),
        (10, "payment_type", "charge_needs_gateway"),
        (11, "paid", "paid_above_total"),
        (12, "due_date", "due_before_order"),
        (13, "", "too_many_values"),
        (14, "amount", "value_unprintable"),
    ]
    assert (report.rows, report.created, report.refused_rows) == (14, 2, 12)
    assert sorted(Contact.objects.values_list("external_id", flat=True)) == ["1", "14"]
    assert str(report.refusals[0]) == (
        "line 3, order_date: 05 January is not a date. Write it as 2026-11-23."
    )


def test_one_bad_item_refuses_its_whole_order(importing: Importing) -> None:
    report = importing(
        "order_number,customer_id,order_date,amount",
        "A-1,4,2026-01-05,5.00",
        "A-2,4,2026-01-05,5.00",
        "A-1,4,2026-01-05,-5.00",
    )

    assert [(r.line, r.rows, r.error.code) for r in report.refusals] == [(4, 2, "amount_negative")]
    assert (report.created, report.refused_rows) == (1, 2)


def test_a_dry_run_writes_nothing_and_reports_the_same(importing: Importing) -> None:
    make_contact("Old", external_id="9")
    rows = ["4,2026-01-05,5.00,Card,yes"] * 2 + ["9,2026-01-05,6.00,Card,", "5,never,1,,"]
    header = "customer_id,order_date,amount,item,paid"
    before = everything()

    dry = importing(header, *rows, writing=Writing.DRY_RUN)

    assert everything() == before
    real = importing(header, *rows)
    assert dry.findings is None
    for name in ("rows", "created", "contacts", "products", "payments", "refused_rows", "ordered_minor"):
        assert getattr(dry, name) == getattr(real, name), name
    assert (real.created, real.contacts, real.products, real.payments) == (3, 1, 1, 2)


def test_what_is_paid_is_recorded_and_applied(importing: Importing) -> None:
    report = importing(
        "customer_id,order_date,amount,paid,paid_on,payment_type",
        "1,2026-01-05,50.00,yes,2026-01-20,cash",
        "2,2026-01-05,50.00,20.00,,",
        "3,2026-01-05,0.00,yes,,",
        "4,2026-01-05,50.00,yes,2026-01-04,Write-off",
    )

    payments = {payment.contact.external_id: payment for payment in Payment.objects.all()}
    assert (report.created, report.payments, report.paid_minor) == (4, 3, {"USD": 12000})
    assert payments["1"].payment_type.label == "Cash"
    assert (payments["1"].received_on, payments["1"].allocated_minor) == (date(2026, 1, 20), 5000)
    assert (payments["2"].payment_type.label, payments["2"].received_on) == ("Check", date(2026, 1, 5))
    assert (payments["4"].kind, payments["4"].apply_to_commissions) == ("adjustment", False)
    assert list(
        Invoice.objects.order_by("contact__external_id").values_list("balance_due_minor", flat=True)
    ) == [
        0,
        3000,
        0,
        0,
    ]


def test_amounts_follow_the_currency_of_the_row(importing: Importing) -> None:
    report = importing(
        "customer_id;order_date;amount;currency",
        "1;2026-01-05;1.234,50;EUR",
        "1;2026-01-05;1500;JPY",
        "1;2026-01-05;5;",
    )

    assert report.ordered_minor == {"EUR": 123450, "JPY": 1500, "USD": 500}


def test_a_closed_period_takes_no_order_and_no_payment(importing: Importing) -> None:
    ClosedPeriod.objects.create(closed_until=date(2026, 1, 31), decided_by_id=1)

    report = importing(
        "customer_id,order_date,amount,paid,paid_on",
        "1,2026-01-31,5,,",
        "2,2026-02-01,5,yes,2026-01-31",
        "3,2026-02-01,5,yes,2026-02-01",
    )

    assert reasons(report) == [(2, "order_date", "period_closed"), (3, "paid_on", "period_closed")]
    assert report.created == 1


def test_the_period_may_be_closed_while_the_file_is_read(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "closed_until", lambda: None)
    ClosedPeriod.objects.create(closed_until=date(2026, 1, 31), decided_by_id=1)

    report = importing("customer_id,order_date,amount", "1,2026-01-31,5", "2,2026-02-01,5")

    assert reasons(report) == [(2, "order_date", "period_closed")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK])
def test_who_may_not_add_orders_imports_nothing(importing: Importing, role: Role) -> None:
    before = everything()

    with pytest.raises(Forbidden):
        importing("customer_id,order_date,amount", "1,2026-01-05,5", actor=actor(role))

    assert everything() == before


def test_the_limit_of_a_role_counts_for_each_payment(importing: Importing) -> None:
    limited = actor(Role.MANAGER, limits={(Right.RECORD_PAYMENTS, "USD"): 1000})

    report = importing(
        "customer_id,order_date,amount,paid",
        "1,2026-01-05,10.00,yes",
        "2,2026-01-05,10.01,yes",
        actor=limited,
    )

    assert reasons(report) == [(3, "amount", "above_limit")]
    assert Payment.objects.get().recorded_by_id == limited.user_id


def test_a_currency_that_does_not_exist_refuses_the_file(importing: Importing) -> None:
    with pytest.raises(errors.UnknownCurrency):
        importing("customer_id,order_date,amount", "1,2026-01-05,5", currency="DOLLAR")


def test_an_order_that_the_database_refuses_takes_no_other_along(importing: Importing) -> None:
    """What the checks let through and a constraint does not."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order ADD CONSTRAINT no_bad CHECK (title <> 'bad')")

    report = importing(
        "customer_id,order_date,amount,title",
        *(f"{number},2026-01-05,5,{'bad' if number == 3 else 'good'}" for number in range(1, 8)),
    )

    assert reasons(report) == [(4, "", "refused_by_database")]
    assert (report.created, Order.objects.count(), Contact.objects.count()) == (6, 6, 6)


def test_what_was_decided_on_a_refused_batch_is_decided_anew(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second batch knows the contact and the product only from the first, which is not written."""
    monkeypatch.setattr(module, "ORDERS_OF_A_BATCH", 1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order ADD CONSTRAINT no_bad CHECK (title <> 'bad')")

    report = importing(
        "customer_id,order_date,amount,title,item",
        "1,2026-01-05,5,bad,Card",
        "1,2026-01-06,5,good,Card",
        "1,2026-01-07,5,good,Card",
    )

    assert reasons(report) == [(2, "", "refused_by_database")]
    assert (report.created, report.contacts, report.products) == (2, 1, 1)


def test_two_imports_at_a_time_are_refused(importing: Importing) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(batches_in_turn._LOCK)

        with pytest.raises(errors.ImportRunning):
            importing("customer_id,order_date,amount", "1,2026-01-05,5")

        # The server lets go of a closed connection's lock only a moment later.
        with other.cursor() as cursor:
            cursor.execute(batches_in_turn._UNLOCK)
    finally:
        other.close()

    assert importing("customer_id,order_date,amount", "1,2026-01-05,5").created == 1


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(importing: Importing) -> None:
    header = "customer_id,order_date,amount,item,paid"
    importing(header, "0,2026-01-05,5,Card,yes")

    def statements(rows: range) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            importing(header, *(f"{n},2026-01-05,5,Thing {n},yes" for n in rows))
        return len(queries)

    assert statements(range(1, 3)) == statements(range(10, 300))


def test_progress_and_refusals_are_told_as_they_happen(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ORDERS_OF_A_BATCH", 2)
    progress: list[tuple[int, int]] = []
    refused: list[int] = []

    importing(
        "customer_id,order_date,amount",
        *("1,2026-01-05,5", "1,never,5", "1,2026-01-05,5", "1,2026-01-05,6", "1,2026-01-05,7"),
        on_progress=lambda done, total: progress.append((done, total)),
        on_refusal=lambda refusal: refused.append(refusal.line),
    )

    assert progress == [(2, 5), (4, 5), (5, 5)]
    assert refused == [3]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as file:
            file.write("customer_id,order_date,amount\n")
            file.writelines(f"{n},2026-01-05,{n}.00\n" for n in range(rows))
        order_file = open_order_file(path, renamed={})
        tracemalloc.start()
        for _batch in read_batches(order_file, TERMS, orders=1000):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(24_000) < 1.3 * peak(6_000)


def test_partners_and_other_orders_stay_as_they_are(importing: Importing) -> None:
    partner = make_partner()
    existing = make_contact("Acme", external_id="1")

    importing("customer_id,order_date,amount", f"1,{day() - timedelta(days=3)},5")

    order = Order.objects.get(contact=existing)
    assert (order.lead_partner_id, order.sale_partner_id) == (None, None)
    assert partner.contact.orders.count() == 0
