"""Changing items posts the difference; cancelling voids the invoice; neither while too much is applied."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Sum

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice, Void
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.orders.models import Cancellation, OrderItem
from duebook.payments.services.record_payment import record_payment
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order, preview_change
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, actor, day, key, line, make_invoice, make_payment, payment_input, usd
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def change(invoice: Invoice, *lines: Any, **fields: Any) -> Any:
    return change_order(
        **{
            "order_id": invoice.order_id,
            "lines": list(lines),
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def void(invoice: Invoice, **fields: Any) -> Any:
    given = {"invoice_id": invoice.pk, "reason": "Wrong", "request_key": key(), "actor": SYSTEM, "on": day()}
    return void_invoice(**{**given, **fields})


def cancel(invoice: Invoice, **fields: Any) -> Any:
    given = {"order_id": invoice.order_id, "reason": "No", "request_key": key(), "actor": SYSTEM, "on": day()}
    return cancel_order(**{**given, **fields})


def receivable() -> int:
    debit = Transfer.objects.filter(debit_account_id=Sys.RECEIVABLE).aggregate(s=Sum("amount_minor"))["s"]
    credit = Transfer.objects.filter(credit_account_id=Sys.RECEIVABLE).aggregate(s=Sum("amount_minor"))["s"]
    return (debit or 0) - (credit or 0)


def test_a_change_posts_the_difference_today_and_keeps_the_old_items_in_the_event() -> None:
    invoice = make_invoice("100.00", ordered_on=day(-10))
    make_payment("40.00", invoice=invoice)

    changed = change(invoice, line("70.00"), line("5", kind=ItemKind.SHIPPING, description="Shipping"))

    invoice.refresh_from_db()
    assert (invoice.total_minor, invoice.balance_due_minor) == (7500, 3500)
    assert changed.balance_after == usd("35.00")
    assert list(
        Transfer.objects.filter(kind="order_changed")
        .order_by("id")
        .values_list("debit_account_id", "credit_account_id", "amount_minor", "effective_on")
    ) == [
        (Sys.SALES, Sys.RECEIVABLE, 3000, day()),
        (Sys.RECEIVABLE, Sys.SHIPPING_INCOME, 500, day()),
    ]
    event = Event.objects.get(name="order.changed")
    assert event.payload["items_before"][0]["line_minor"] == 10000
    assert OrderItem.objects.count() == 2


def test_preview_and_save_decide_the_same() -> None:
    invoice = make_invoice()
    before = everything()

    preview = preview_change(order_id=invoice.order_id, lines=[line("70.00")], actor=SYSTEM, on=day())

    assert everything() == before
    assert change(invoice, line("70.00")) == preview


def test_an_order_cannot_shrink_below_what_is_applied() -> None:
    invoice = make_invoice("100.00")
    make_payment("40.00", invoice=invoice)
    before = everything()

    with pytest.raises(errors.OrderBelowApplied):
        change(invoice, line("39.99"))

    assert everything() == before
    assert change(invoice, line("40.00")).balance_after == usd("0.00")


def test_a_void_invoice_owes_nothing_and_remembers_what_it_was() -> None:
    invoice = make_invoice("100.00", ordered_on=day(-10))

    void(invoice)

    invoice.refresh_from_db()
    assert (invoice.total_minor, invoice.balance_due_minor) == (0, 0)
    assert (Void.objects.get().total_minor, Void.objects.get().voided_on) == (10000, day())
    assert receivable() == 0


def test_cancelling_voids_the_invoice() -> None:
    invoice = make_invoice("100.00")

    cancel(invoice)

    assert Void.objects.get().reason == "No"
    assert Cancellation.objects.get().order_id == invoice.order_id
    assert receivable() == 0
    assert Event.objects.filter(name__in=["order.cancelled", "invoice.voided"]).count() == 1


def test_an_order_with_a_void_invoice_can_still_be_cancelled() -> None:
    invoice = make_invoice()
    void(invoice)

    cancel(invoice)

    assert Void.objects.get().reason == "Wrong"
    assert Cancellation.objects.count() == 1


@pytest.mark.parametrize("act", [void, cancel])
def test_nothing_is_voided_while_something_is_applied(act: Callable[..., Any]) -> None:
    invoice = make_invoice()
    make_payment("1.00", invoice=invoice)
    before = everything()

    with pytest.raises(errors.StillApplied):
        act(invoice)

    assert everything() == before


@pytest.mark.parametrize("act", [void, cancel])
@pytest.mark.parametrize(
    ("fields", "error"),
    [({"reason": " "}, errors.ReasonRequired), ({"actor": actor(Role.CLERK)}, errors.Forbidden)],
)
def test_a_refused_void_changes_nothing(
    act: Callable[..., Any], fields: dict[str, Any], error: type[Exception]
) -> None:
    invoice = make_invoice()
    before = everything()

    with pytest.raises(error):
        act(invoice, **fields)

    assert everything() == before


@pytest.mark.parametrize("act", [void, cancel])
def test_the_same_request_does_it_once_and_another_is_refused(act: Callable[..., Any]) -> None:
    invoice = make_invoice()
    request_key = key()
    first = act(invoice, request_key=request_key)
    before = everything()

    assert act(invoice, request_key=request_key).pk == first.pk
    with pytest.raises((errors.AlreadyVoid, errors.AlreadyCancelled)):
        act(invoice)

    assert everything() == before


def test_a_void_or_cancelled_order_does_not_change() -> None:
    one, two = make_invoice(), make_invoice()
    void(one)
    cancel(two)

    with pytest.raises(errors.AlreadyVoid):
        change(one, line("1"))
    with pytest.raises(errors.AlreadyCancelled):
        change(two, line("1"))


def test_a_closed_day_is_refused_for_each() -> None:
    invoice = make_invoice(ordered_on=day())
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)
    before = everything()

    for act in (lambda: change(invoice, line("1")), lambda: void(invoice), lambda: cancel(invoice)):
        with pytest.raises(errors.PeriodClosed):
            act()

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_payment_against_void_and_change_at_once_never_breaks_the_balance() -> None:
    invoice = make_invoice("100.00")

    def work(i: int) -> Any:
        if i % 3 == 0:
            return void(invoice)
        if i % 3 == 1:
            return change(invoice, line("50.00"))
        return record_payment(
            wanted=payment_input("60.00", invoice=invoice), request_key=key(), actor=SYSTEM, on=day()
        )

    in_threads(12, work)

    invoice.refresh_from_db()
    assert 0 <= invoice.applied_minor <= invoice.total_minor
    assert receivable() == invoice.balance_due_minor
