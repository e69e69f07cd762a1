"""Refunds that are not undone: something relies on them since, or who asks may not."""

from collections.abc import Callable
from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.permissions import Right, Role
from duebook.domain.refunding import RefundMeans
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod
from duebook.payments.models import Payment, Refund
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, actor, day, key, make_payment, refund_input, usd
from tests.payments.acts import bounce, use_credit
from tests.payments.charging import a_charged_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.undoing_refunds import a_payment, refunded, undo
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def paid_with_other_money(payment: Payment) -> None:
    make_payment("30.00", invoice=Invoice.objects.get())


def paid_with_credit(payment: Payment) -> None:
    make_payment("30.00", contact=payment.contact, received_on=day(-1))
    use_credit(Invoice.objects.get(), "30.00")


def closed(payment: Payment) -> None:
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)


@pytest.mark.parametrize(
    ("since", "error"),
    [
        (paid_with_other_money, errors.RefundUsedSince),
        (paid_with_credit, errors.RefundUsedSince),
        (bounce, errors.AlreadyReturned),
        (closed, errors.PeriodClosed),
    ],
)
def test_a_refund_is_not_undone_once_something_else_relies_on_it(
    since: Callable[[Payment], object], error: type[Exception]
) -> None:
    payment = a_payment()
    refund = refunded(payment, "40.00", owes="40.00")
    since(payment)
    before = everything()

    with pytest.raises(error):
        undo(refund)

    assert everything() == before


def test_the_refusal_says_how_much_is_missing() -> None:
    payment = a_payment()
    refund = refunded(payment, "40.00", owes="15.00")
    make_payment("10.00", invoice=Invoice.objects.get())

    with pytest.raises(errors.RefundUsedSince) as refusal:
        undo(refund)

    assert refusal.value.values == {
        "needed": usd("40.00"),
        "number": str(Invoice.objects.get()),
        "balance": usd("30.00"),
    }


def test_a_refund_of_an_invoice_that_is_void_now_is_not_undone() -> None:
    payment = a_payment()
    refund = refunded(payment, "100.00", owes=None)
    void_invoice(
        invoice_id=Invoice.objects.get().pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day()
    )
    before = everything()

    with pytest.raises(errors.RefundUsedSince):
        undo(refund)

    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"reason": " "}, errors.ReasonRequired),
        ({"reason": "Not 4242 4242 4242 4242"}, errors.CardNumberTyped),
        ({"actor": actor(Role.CLERK)}, errors.Forbidden),
        ({"actor": actor(Role.VIEWER)}, errors.Forbidden),
        ({"actor": actor(limits={(Right.UNDO_ANY, "USD"): 3999})}, errors.AboveLimit),
        ({"refund_id": 4711}, errors.NotFound),
    ],
)
def test_a_refused_undoing_changes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    refund = refunded(a_payment())
    before = everything()

    with pytest.raises(error):
        undo(refund, **fields)

    assert everything() == before


def test_what_the_processor_gave_back_is_never_undone(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    refund_through_gateway(
        payment_id=payment.pk,
        wanted=refund_input("40.00", means=RefundMeans.GATEWAY),
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    before = everything()

    with pytest.raises(errors.GatewayRefundFixed):
        undo(Refund.objects.get())

    assert everything() == before
