"""Only an owner closes the books, reopening needs a reason, and every decision stays."""

from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError as NotYet
from datetime import date
from typing import Any

import pytest
from django.db import connections, transaction

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.ledger.queries import closed_until
from duebook.ledger.services.close_books import close_books
from tests.factories import actor, day, key, make_invoice, make_payment

pytestmark = pytest.mark.django_db


def close(until: date | None, reason: str = "", **fields: Any) -> ClosedPeriod:
    given = {"request_key": key(), "actor": actor(Role.OWNER), "on": day()}
    return close_books(closed_until=until, reason=reason, **{**given, **fields})


def test_a_closed_day_takes_no_order() -> None:
    close(day(-10))

    with pytest.raises(errors.PeriodClosed):
        make_invoice(ordered_on=day(-10))
    make_invoice(ordered_on=day(-9))


def test_reopening_needs_a_reason_and_stays_on_record() -> None:
    close(day(-10))
    with pytest.raises(errors.ReasonRequired):
        close(day(-20))
    with pytest.raises(errors.ReasonRequired):
        close(None, "  ")

    close(None, "A late invoice")

    assert closed_until() is None
    assert list(Event.objects.order_by("id").values_list("name", flat=True)) == [
        "books.closed",
        "books.reopened",
    ]
    assert ClosedPeriod.objects.count() == 2


def test_closing_further_needs_no_reason() -> None:
    close(day(-10))

    close(day(-5))

    assert closed_until() == day(-5)


@pytest.mark.parametrize(
    ("until", "by", "error"),
    [
        (0, Role.OWNER, errors.ClosedInFuture),
        (-3, Role.OWNER, errors.AlreadyClosedSo),
        (-1, Role.MANAGER, errors.Forbidden),
    ],
)
def test_a_refused_closing_changes_nothing(until: int, by: Role, error: type[Exception]) -> None:
    close(day(-3))

    with pytest.raises(error):
        close(day(until), actor=actor(by))

    assert closed_until() == day(-3)
    assert Event.objects.count() == 1


def test_the_same_request_decides_once() -> None:
    first = close(day(-3), request_key="k")

    assert close(day(-3), request_key="k").pk == first.pk
    assert ClosedPeriod.objects.count() == 1


def in_another_thread(pool: ThreadPoolExecutor, work: Any) -> Future[Any]:
    def run() -> Any:
        try:
            return work()
        finally:
            connections["default"].close()

    return pool.submit(run)


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_a_payment_that_is_being_written() -> None:
    invoice = make_invoice("100.00", ordered_on=day(-20))

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            make_payment("40.00", invoice=invoice, received_on=day(-15))
            closing = in_another_thread(pool, lambda: close(day(-10)))
            with pytest.raises(NotYet):
                closing.result(timeout=0.5)
        closing.result(timeout=60)

    assert closed_until() == day(-10)


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_waited_for_the_closing_is_refused() -> None:
    invoice = make_invoice("100.00", ordered_on=day(-20))
    before = Transfer.objects.count()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            close(day(-10))
            paying = in_another_thread(
                pool, lambda: make_payment("40.00", invoice=invoice, received_on=day(-15))
            )
            with pytest.raises(NotYet):
                paying.result(timeout=0.5)
        with pytest.raises(errors.DomainError):
            paying.result(timeout=60)

    assert Transfer.objects.count() == before
