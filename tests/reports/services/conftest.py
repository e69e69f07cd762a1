"""Books in which everything happened, for the tests of what verify sees."""

import pytest

from duebook.contacts.models import Contact
from duebook.domain.order_lines import ItemKind
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment, make_refund, usd
from tests.payments.acts import bounce, move, use_credit


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
    move(moved, first, second, "20.00")
    make_payment("70.00", contact=acme)
    use_credit(third, "60.00", counts=False)
    returned = make_payment("15.00", invoice=second, apply_to_commissions=False)
    bounce(returned, fee=usd("3.00"))
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
