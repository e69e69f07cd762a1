"""A charge that waits for its customer is called off once its invoices are settled otherwise.

Whatever settled them, it follows from the rows; so no job that is lost leaves a customer to pay twice.
"""

from collections.abc import Callable

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.charging import ChargeInput, ChargeState
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.protocol import Outcome, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.jobs import tasks
from duebook.payments.calling_off import charges_that_no_longer_fit
from duebook.payments.models import Charge, ChargeLine, Payment
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.ask_gateway import ask_gateway
from duebook.payments.services.call_off_charges import call_off_charges
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.to_decide import charged_credit, open_charges_to_decide
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment, usd
from tests.jobs.test_tasks import work
from tests.payments.acts import use_credit
from tests.payments.calling_off import a_waiting_charge, the_janitor_takes_a_turn, time_passes
from tests.payments.cards import jobs
from tests.payments.ends import WAYS, ending_at
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.threads import in_threads

pytestmark = pytest.mark.django_db

POINTS = [point for point in Point if point.name.startswith(("CALL_OFF", "ASK_"))]


def by_hand(invoice: Invoice) -> None:
    make_payment("100.00", invoice=invoice)


def by_a_part_of_it(invoice: Invoice) -> None:
    make_payment("0.01", invoice=invoice)


def by_write_off(invoice: Invoice) -> None:
    make_payment("100.00", invoice=invoice, type_label="Write-off")


def by_credit(invoice: Invoice) -> None:
    make_payment("100.00", contact=invoice.contact)
    use_credit(invoice, "100.00")


def by_void(invoice: Invoice) -> None:
    void_invoice(invoice_id=invoice.pk, reason="Twice", request_key=key(), actor=SYSTEM, on=day())


def by_cancelling_the_order(invoice: Invoice) -> None:
    cancel_order(order_id=invoice.order_id, reason="Changed mind", request_key=key(), actor=SYSTEM, on=day())


def by_another_price(invoice: Invoice) -> None:
    lines = [line("90.00")]
    change_order(order_id=invoice.order_id, lines=lines, request_key=key(), actor=SYSTEM, on=day())


@pytest.mark.parametrize(
    "settle",
    [
        by_hand,
        by_a_part_of_it,
        by_write_off,
        by_credit,
        by_void,
        by_cancelling_the_order,
        by_another_price,
    ],
)
def test_a_waiting_charge_is_called_off_once_its_invoice_is_settled_otherwise(
    gateway: FakeGateway, settle: Callable[[Invoice], None]
) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    assert made.state == "requires_action"

    settle(invoice)
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert (made.state, made.problem, made.action_url) == ("not_performed", "", "")
    assert gateway.charges["ch_1"].outcome is Outcome.CANCELLED
    assert not ChargeLine.objects.filter(is_open=True).exists()
    assert not Payment.objects.filter(charge_id__isnull=False).exists()
    told = Event.objects.get(name="charge.not_performed").payload
    assert (told["charge_id"], told["called_off"]) == (made.pk, True)


def test_a_charge_that_still_fits_goes_on_waiting(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice, "60.00")

    make_payment("40.00", invoice=invoice)
    the_janitor_takes_a_turn()
    time_passes()
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert (made.state, made.called_off_at) == ("requires_action", None)
    assert "cancel" not in gateway.calls


def test_a_charge_for_several_invoices_is_called_off_when_one_of_them_owes_less(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first, second = make_invoice("100.00", contact=acme), make_invoice("30.00", contact=acme)
    shares = (Share(first.pk, usd("100.00")), Share(second.pk, usd("30.00")))
    asked = ChargeInput(acme.pk, make_card(acme, "tok_action").pk, shares)
    made = charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day())

    make_payment("30.00", invoice=second)
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert made.state == "not_performed"
    assert a_waiting_charge(first, token="tok_ok").state == "succeeded"


@pytest.mark.parametrize("moment", ["fetch", "cancel"])
def test_a_customer_who_was_faster_has_paid_and_it_is_credit_for_a_person_to_see(
    gateway: FakeGateway, moment: str
) -> None:
    """Before the gateway was asked at all, or between the asking and the cancelling."""
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)

    def confirm(call: str) -> None:
        if call == moment:
            gateway.on_call = lambda call: None
            gateway.succeed("ch_1")

    gateway.on_call = confirm
    the_janitor_takes_a_turn()

    payment = Payment.objects.get(charge_id=made.pk)
    assert (payment.allocated_minor, payment.credit_minor) == (0, 10000)
    assert list(charged_credit()) == [payment]
    assert gateway.captures == {"ch_1": 1}


def test_a_customer_who_is_slower_confirms_what_is_gone_at_the_gateway(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)
    the_janitor_takes_a_turn()

    time_passes()
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert made.state == "not_performed"
    assert gateway.taken_minor() == 0
    assert Payment.objects.get().charge_id is None


def test_whose_turn_it_was_anyway_is_called_off_then_and_says_why(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    Charge.objects.update(asked=13)
    make_payment("100.00", invoice=invoice)
    gateway.fail("cancel", OutcomeUnknown)

    time_passes()
    ask_gateway(charge_id=made.pk)
    made.refresh_from_db()
    assert (made.state, made.asked, made.ask_at is None) == ("requires_action", 1, False)

    time_passes()
    ask_gateway(charge_id=made.pk)
    made.refresh_from_db()
    assert (made.state, made.called_off_at is None) == ("not_performed", False)
    assert Event.objects.get(name="charge.not_performed").payload["called_off"] is True


def test_it_is_called_off_once_however_often_the_janitor_comes(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)

    assert (call_off_charges(most=100), call_off_charges(most=100)) == (1, 0)
    since = Charge.objects.get().called_off_at
    for _ in range(3):
        time_passes()
        the_janitor_takes_a_turn()

    assert gateway.calls.count("cancel") == 1
    assert Charge.objects.get().called_off_at == since
    assert Event.objects.filter(name="charge.not_performed").count() == 1


def test_a_gateway_that_does_not_answer_is_asked_again_at_the_next_turn(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)
    gateway.fail("cancel", OutcomeUnknown)

    the_janitor_takes_a_turn()
    the_janitor_takes_a_turn()
    made.refresh_from_db()
    assert (made.state, made.asked, made.problem) == ("requires_action", 1, "scripted")
    assert list(open_charges_to_decide()) == [made]
    assert gateway.calls.count("cancel") == 1

    time_passes()
    the_janitor_takes_a_turn()
    made.refresh_from_db()
    assert (made.state, made.problem) == ("not_performed", "")


def test_a_charge_about_which_nobody_asks_any_more_is_called_off_all_the_same(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    Charge.objects.update(ask_at=None, asked=14)

    make_payment("100.00", invoice=invoice)
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert made.state == "not_performed"


def test_a_payment_that_is_undone_in_time_leaves_the_charge_waiting(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    mistake = make_payment("100.00", invoice=invoice)
    call_off_charges(most=100)

    reverse_payment(payment_id=mistake.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())
    the_janitor_takes_a_turn()
    made.refresh_from_db()
    assert (made.state, made.called_off_at) == ("requires_action", None)
    assert "cancel" not in gateway.calls

    make_payment("100.00", invoice=invoice)
    the_janitor_takes_a_turn()
    made.refresh_from_db()
    assert made.state == "not_performed"


def test_a_charge_that_the_gateway_works_on_is_not_called_off(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice, token="tok_slow")
    make_payment("100.00", invoice=invoice)

    time_passes()
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert (made.state, made.called_off_at) == ("pending", None)
    assert "cancel" not in gateway.calls


def test_what_would_no_longer_fit_is_told_by_the_balances_as_they_would_be(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice, "60.00")

    assert charges_that_no_longer_fit({invoice.pk: usd("60.00")}) == []
    assert charges_that_no_longer_fit({invoice.pk: usd("59.99")}) == [made]
    assert charges_that_no_longer_fit({}) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_ends_at_any_point_leaves_what_the_next_turn_calls_off(
    gateway: FakeGateway, point: Point, way: str
) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)

    time_passes()

    with ending_at(point, way):
        if point is Point.CALL_OFF_NOTED:
            # It was its turn anyway, before the janitor saw that it is settled otherwise.
            ask_gateway(charge_id=made.pk)
        the_janitor_takes_a_turn()
    the_janitor_takes_a_turn()
    time_passes()
    the_janitor_takes_a_turn()

    made.refresh_from_db()
    assert made.state == ChargeState.NOT_PERFORMED
    assert gateway.charges["ch_1"].outcome is Outcome.CANCELLED
    assert Payment.objects.count() == 1


def test_every_point_of_calling_off_is_reached(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)
    seen: set[Point] = set()

    with at_each_point(seen.add):
        the_janitor_takes_a_turn()
        other = make_invoice("100.00", contact=invoice.contact)
        asked_anyway = a_waiting_charge(other, token="tok_action/2")
        make_payment("100.00", invoice=other)
        time_passes()
        ask_gateway(charge_id=asked_anyway.pk)

    assert set(POINTS) <= seen


@pytest.mark.django_db(transaction=True)
def test_two_janitors_at_once_cancel_it_once(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)

    in_threads(4, lambda _: the_janitor_takes_a_turn())

    time_passes()
    the_janitor_takes_a_turn()
    assert gateway.calls.count("cancel") == 1
    assert Charge.objects.get().state == "not_performed"


@pytest.mark.django_db(transaction=True)
def test_a_worker_calls_it_off_although_the_first_job_is_lost(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = a_waiting_charge(invoice)
    make_payment("100.00", invoice=invoice)
    tasks.ask_about_charges(timestamp=0)
    assert jobs("ask_about_charge") == [{"charge_id": made.pk}]
    ProcrastinateJob.objects.all().delete()

    tasks.ask_about_charges.defer(timestamp=0)
    work()

    assert Charge.objects.get().state == "not_performed"
