"""Paying by a link in two browsers at once, beside a clerk, or by a process that ends: one charge."""

from datetime import timedelta

import pytest

from duebook.payments.models import Charge, Payment, PaymentMethod
from duebook.payments.pay_links import link_payment_by_id
from duebook.payments.points import Point
from duebook.payments.services.ask_gateway import drop_charge
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from tests.factories import SYSTEM, make_invoice, make_payment, usd
from tests.payments.ends import ended_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import charge, choose, close, enter_card, offer_to_pay
from tests.threads import at_once, in_threads

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_two_browsers_that_pay_everything_at_once_charge_one_card(gateway: FakeGateway) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    payments = [choose(offered) for _ in range(4)]
    for payment in payments:
        enter_card(gateway, payment)

    refusals = in_threads(4, lambda i: charge(payments[i]).refusal)

    assert refusals.count("") == 1
    assert set(refusals) <= {"", "charge_under_way", "invoice_paid", "balance_changed"}
    assert sum(gateway.captures.values()) == 1
    for payment in payments:
        close(payment)
    assert not PaymentMethod.objects.filter(active=True).exists()


@pytest.mark.django_db(transaction=True)
def test_a_page_sent_many_times_at_once_charges_once(gateway: FakeGateway) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")), usd("25.00"))
    enter_card(gateway, payment)

    in_threads(4, lambda _: charge(payment))

    assert gateway.taken_minor() == 2_500
    assert Charge.objects.count() == 1
    assert link_payment_by_id(payment.pk).refusal == ""


@pytest.mark.django_db(transaction=True)
def test_a_customer_who_pays_while_a_clerk_records_a_check_pays_no_more_than_was_shown(
    gateway: FakeGateway,
) -> None:
    invoice = make_invoice("100.00")
    payment = choose(offer_to_pay(invoice))
    enter_card(gateway, payment)

    at_once(lambda: charge(payment), lambda: make_payment("60.00", invoice=invoice))

    booked = sum(row.amount_minor for row in Payment.objects.filter(charge_id__isnull=False))
    assert booked == gateway.taken_minor()
    assert gateway.taken_minor() in (0, 10_000)


WAY = [point for point in Point if point.name.startswith(("PREPARE", "MARK", "CREATE", "HANDLE", "CONFIRM"))]
WAY += [Point.LINK_NOTED, Point.SETTLE_LOCKED, Point.SETTLE_BOOKED, Point.SETTLED]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", WAY)
def test_a_process_that_ends_anywhere_charges_once_and_the_page_says_what_came_of_it(
    gateway: FakeGateway, point: Point
) -> None:
    invoice = make_invoice("100.00")
    payment = choose(offer_to_pay(invoice), usd("40.00"))
    enter_card(gateway, payment)

    with ended_at(point):
        charge(payment)
    charge(payment)
    for charge_id in Charge.objects.filter(state="created").values_list("pk", flat=True):
        drop_charge(charge_id=charge_id)
    for open_one in Charge.objects.filter(state__in=["sent", "unknown"]):
        Charge.objects.filter(pk=open_one.pk).update(sent_at=open_one.prepared_at - timedelta(minutes=5))
        ask_gateway_now(charge_id=open_one.pk, actor=SYSTEM)

    assert close(payment)
    assert all(times == 1 for times in gateway.captures.values())
    assert gateway.taken_minor() == sum(row.amount_minor for row in Payment.objects.all())
    assert link_payment_by_id(payment.pk).charge == Charge.objects.get()
    assert not PaymentMethod.objects.get().active


def test_a_charge_that_was_written_down_but_not_noted_is_found_when_it_is_closed(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")))
    enter_card(gateway, payment)

    with ended_at(Point.PREPARED):
        charge(payment)

    assert not close(payment)
    assert link_payment_by_id(payment.pk).charge == Charge.objects.get()
