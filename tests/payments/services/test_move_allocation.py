"""Moving what a payment settles never touches the money."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.accounts import TransferKind
from duebook.domain.money import Money
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Allocation, Payment
from duebook.payments.services.move_allocation import move_allocation
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment, usd
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> tuple[Payment, Invoice, Invoice]:
    contact = make_contact()
    one, two = make_invoice("100.00", contact=contact), make_invoice("50.00", contact=contact)
    return make_payment("80.00", invoice=one, apply_to_commissions=False), one, two


def move(payment: Payment, source: Invoice, target: Invoice | None, typed: str, **fields: Any) -> Any:
    return move_allocation(
        **{
            "payment_id": payment.pk,
            "from_invoice_id": source.pk,
            "to_invoice_id": target.pk if target else None,
            "amount": usd(typed),
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def test_a_part_moves_and_keeps_its_answer_about_commissions(scene: Any) -> None:
    payment, one, two = scene

    move(payment, one, two, "30.00")

    one.refresh_from_db()
    two.refresh_from_db()
    payment.refresh_from_db()
    assert (one.balance_due_minor, two.balance_due_minor) == (5000, 2000)
    assert (two.uncounted_minor, two.counted_minor, two.money_minor) == (3000, 0, 3000)
    assert (payment.allocated_minor, payment.credit_minor) == (8000, 0)
    assert [a.applied_on for a in Allocation.objects.order_by("id")[1:]] == [day(), day()]
    assert Transfer.objects.filter(kind=TransferKind.PAYMENT_RECEIVED).count() == 1


def test_a_released_part_is_credit_on_account(scene: Any) -> None:
    payment, one, _ = scene

    move(payment, one, None, "80.00")

    one.refresh_from_db()
    payment.refresh_from_db()
    assert (one.balance_due_minor, payment.credit_minor, one.money_back_minor) == (10000, 8000, 0)


@pytest.mark.parametrize(
    ("amount", "fields", "error"),
    [
        ("80.01", {}, errors.NotEnoughApplied),
        ("51.00", {}, errors.AboveBalance),
        ("0.00", {}, errors.AmountNotPositive),
        ("1.00", {"amount": Money(100, "EUR")}, errors.CurrencyMismatch),
        ("1.00", {"actor": actor(Role.CLERK)}, errors.Forbidden),
        ("1.00", {"to_invoice_id": 999}, errors.NotFound),
    ],
)
def test_a_refused_move_changes_nothing(
    scene: Any, amount: str, fields: dict[str, Any], error: type[Exception]
) -> None:
    payment, one, two = scene
    before = everything()

    with pytest.raises(error):
        move(payment, one, two, amount, **fields)

    assert everything() == before


def test_another_contact_s_invoice_is_refused(scene: Any) -> None:
    payment, one, _ = scene

    with pytest.raises(errors.InvoiceOfOtherContact):
        move(payment, one, make_invoice(contact=make_contact("Other")), "1.00")


def test_a_closed_day_is_refused(scene: Any) -> None:
    payment, one, two = scene
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)

    with pytest.raises(errors.PeriodClosed):
        move(payment, one, two, "1.00")


def test_the_same_request_moves_once(scene: Any) -> None:
    payment, one, two = scene
    request_key = key()
    move(payment, one, two, "30.00", request_key=request_key)
    before = everything()

    assert move(payment, one, two, "30.00", request_key=request_key) is None

    assert everything() == before


def test_a_write_off_does_not_move() -> None:
    contact = make_contact()
    one, two = make_invoice(contact=contact), make_invoice(contact=contact)
    payment = make_payment("10.00", invoice=one, type_label="Write-off")

    with pytest.raises(errors.AdjustmentIsFixed):
        move(payment, one, two, "10.00")


@pytest.mark.django_db(transaction=True)
def test_moved_by_eight_at_once_no_more_moves_than_was_there(scene: Any) -> None:
    payment, one, two = scene

    in_threads(8, lambda i: move(payment, one, two, "20.00"))

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.applied_minor, two.applied_minor) == (4000, 4000)
