"""Placing an order issues its invoice at once."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.orders.models import Order, OrderItem
from duebook.sales.services.place_order import place_order
from duebook.staff.models import Business
from tests.factories import SYSTEM, actor, day, key, line, make_contact, make_partner
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def place(**fields: Any) -> Any:
    contact = fields.pop("contact", None)
    return place_order(
        **{
            "contact_id": contact.pk if contact else make_contact().pk,
            "title": "Website package",
            "ordered_on": day(-3),
            "currency": "USD",
            "lines": [line("100.00")],
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def test_an_order_has_its_items_its_invoice_and_its_books() -> None:
    Business.objects.update(terms_days=14)

    placed = place(
        lines=[
            line("33.333333", quantity="3"),
            line("8.25", kind=ItemKind.TAX, description="Tax"),
            line("5", kind=ItemKind.SHIPPING, description="Shipping"),
            line("10", kind=ItemKind.DISCOUNT, description="Friend"),
            line("2", kind=ItemKind.FINANCE_CHARGE, description="Finance charge"),
        ]
    )

    invoice = Invoice.objects.get(pk=placed.invoice_id)
    assert (invoice.total_minor, invoice.finance_minor, invoice.balance_due_minor) == (10525, 200, 10525)
    assert (invoice.issued_on, invoice.due_on) == (day(-3), day(11))
    assert list(OrderItem.objects.values_list("position", "line_minor")) == [
        (1, 10000),
        (2, 825),
        (3, 500),
        (4, -1000),
        (5, 200),
    ]
    assert list(
        Transfer.objects.order_by("id").values_list("debit_account_id", "credit_account_id", "amount_minor")
    ) == [
        (Sys.RECEIVABLE, Sys.SALES, 10000),
        (Sys.RECEIVABLE, Sys.TAX_PAYABLE, 825),
        (Sys.RECEIVABLE, Sys.SHIPPING_INCOME, 500),
        (Sys.DISCOUNTS, Sys.RECEIVABLE, 1000),
        (Sys.RECEIVABLE, Sys.FINANCE_INCOME, 200),
    ]
    assert Event.objects.get(name="order.placed").payload["invoice"] == f"INV-{invoice.number}"


def test_an_order_of_nothing_is_paid_at_once() -> None:
    placed = place(lines=[line("0")])

    assert Invoice.objects.get(pk=placed.invoice_id).balance_due_minor == 0
    assert not Transfer.objects.exists()


def test_the_same_request_places_one_order() -> None:
    contact, request_key = make_contact(), key()
    first = place(contact=contact, request_key=request_key)
    before = everything()

    again = place(contact=contact, request_key=request_key)

    assert (again.order_id, again.repeated) == (first.order_id, True)
    assert everything() == before
    with pytest.raises(errors.KeyReused):
        place(contact=contact, request_key=request_key, title="Other")


def test_either_partner_role_may_be_empty() -> None:
    dana = make_partner()

    placed = place(lead_partner_id=dana.pk)

    order = Order.objects.get(pk=placed.order_id)
    assert (order.lead_partner_id, order.sale_partner_id) == (dana.pk, None)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"contact_id": 999}, errors.NotFound),
        ({"lead_partner_id": 999}, errors.NotFound),
        ({"lines": []}, errors.OrderNeedsItems),
        ({"lines": [line("5", quantity="0")]}, errors.QuantityNotPositive),
        ({"lines": [line("5", description=" ")]}, errors.ItemNeedsDescription),
        ({"lines": [line("5"), line("6", kind=ItemKind.DISCOUNT)]}, errors.OrderTotalNegative),
        ({"currency": "XX"}, errors.CurrencyMismatch),
        ({"actor": actor(Role.CLERK)}, errors.Forbidden),
    ],
)
def test_a_refused_order_writes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    contact = make_contact()
    before = everything()

    with pytest.raises(error):
        place(**{"contact": contact, **fields})

    assert everything() == before


def test_dates_are_checked() -> None:
    ClosedPeriod.objects.create(closed_until=day(-5), decided_by_id=1)

    with pytest.raises(errors.FutureOrderDate):
        place(ordered_on=day(1))
    with pytest.raises(errors.PeriodClosed):
        place(contact=make_contact("Two"), ordered_on=day(-5))
    with pytest.raises(errors.DueBeforeOrder):
        place(contact=make_contact("Three"), due_on=day(-4))
    assert not Order.objects.exists()
