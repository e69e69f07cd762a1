"""The benchmark's floors do the work that Duebook does: the same rows, or they would prove nothing."""

from pathlib import Path

import psycopg
import pytest

from bench import bulk, floor
from bench.books import build_books
from bench.bulk import ORDERS, PAID_ORDERS, ImportKind
from bench.scene import ACTOR, AMOUNT, OpenOne, Scene
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.orders.models import Order, OrderItem
from duebook.payments.models import Allocation, Payment
from duebook.payments.services.record_payment import record_payment
from tests.bench.facts import facts
from tests.factories import day, key, make_contact, make_invoice, make_partner


def test_the_floor_of_a_payment_writes_the_rows_of_a_payment(rows: psycopg.Connection) -> None:
    partner = make_partner()
    partners = {"lead_partner_id": partner.pk, "sale_partner_id": partner.pk}
    first, second = (make_invoice("20000.00", contact=make_contact(name), **partners) for name in ("A", "B"))
    scene = Scene(rows, day())
    wanted = scene.wanted(OpenOne(first.pk, first.contact_id))

    pattern = floor.rows_of_a_payment(wanted=wanted, request_key="pattern", actor=ACTOR)
    floor.create_floor(pattern, AMOUNT)
    assert Payment.objects.count() == 0
    rows.execute("SELECT bench_floor(%s, 'by the floor')", [second.pk])
    by_floor = Payment.objects.get()
    record_payment(wanted=wanted, request_key=key(), actor=ACTOR, on=day())

    by_duebook = Payment.objects.exclude(pk=by_floor.pk).get()
    assert facts(Payment.objects.filter(pk=by_floor.pk)) == facts(Payment.objects.filter(pk=by_duebook.pk))
    for model in (Allocation, Transfer, Event):
        of_floor, of_duebook = (
            facts(model._default_manager.filter(payment_id=payment.pk)) for payment in (by_floor, by_duebook)
        )
        assert of_floor == of_duebook, model
    assert facts(Invoice.objects.filter(pk=first.pk)) == facts(Invoice.objects.filter(pk=second.pk))
    assert sorted(one.table for one in pattern) == [
        "events_event",
        "invoices_invoice",
        "ledger_transfer",
        "ledger_transfer",
        "payments_allocation",
        "payments_payment",
    ]


@pytest.mark.parametrize("kind", [ORDERS, PAID_ORDERS])
def test_the_floor_of_an_import_writes_the_rows_of_an_import(
    rows: psycopg.Connection, tmp_path: Path, kind: ImportKind
) -> None:
    path = tmp_path / "orders.csv"
    bulk.write_file(path, kind, rows=12, today=day(), prefix="pattern")
    bulk.timed_import(path, day())
    models = (Order, OrderItem, Invoice, Transfer, Payment, Allocation)
    imported = {model: facts(model._default_manager.all()) for model in models}
    last_event = Event.objects.latest("pk").pk
    events = facts(Event.objects.filter(name__in=["order.placed", "payment.recorded"]))

    taken = bulk.floor_work(rows, kind, prefix="pattern")(0)

    assert taken.count == 12
    for model in models:
        both = facts(model._default_manager.all())
        assert both == sorted([*imported[model], *imported[model]], key=repr), model
    assert facts(Event.objects.filter(pk__gt=last_event)) == events
    assert len(imported[Order]) == 12


def test_the_books_of_the_benchmark_are_in_order(rows: psycopg.Connection) -> None:
    """They are verified after the test like all books."""
    said: list[str] = []

    build_books(rows, invoices=400, today=day().isoformat(), say=said.append)

    open_ones = Invoice.objects.filter(balance_due_minor__gt=0).count()
    assert Invoice.objects.count() == Order.objects.count() == 400
    assert 40 < open_ones < 120
    assert Scene(rows, day()).invoices
    assert make_invoice("5.00", contact=make_contact("Next")).number > 1400
    assert "invoices: 400 rows" in "\n".join(said)
