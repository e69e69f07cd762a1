"""A payment by link whose success is told late: the card and the receipt are seen to once more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.events.models import Event
from duebook.gateways.protocol import OutcomeUnknown
from duebook.jobs.tasks import close_link_payments, forget_card_at_gateway
from duebook.payments.card_reading import cards_of
from duebook.payments.charge_reading import seen_of
from duebook.payments.models import Charge, LinkPayment, Observation, Payment, PaymentMethod
from duebook.payments.pay_links import links_to_close
from duebook.payments.points import Point
from duebook.payments.services import close_link_payment as closing
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.settle_charge import settle_charge
from duebook.staff.models import Business
from tests.factories import SYSTEM, make_invoice, usd
from tests.payments.cards import jobs
from tests.payments.ends import ended_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.pay_by_link import close, offer_to_pay, pay, state_of

pytestmark = pytest.mark.django_db


def succeed_late(gateway: FakeGateway, payment: LinkPayment) -> None:
    """What was called declined or not carried out turns out to have been paid."""
    gateway.succeed("ch_1")
    made = Charge.objects.select_related("merchant_account").get(pk=payment.charge_id)
    settle_charge(
        charge_id=made.pk,
        seen=seen_of(made, gateway.charges["ch_1"]),
        channel=Observation.Channels.WEBHOOK,
    )


def not_paid(gateway: FakeGateway, end: str, *, keeps_card: bool = True) -> LinkPayment:
    """A payment by link that came to that end and was seen to."""
    Business.objects.update(email_receipts=True)
    if end == "not_performed":
        gateway.fail("create", OutcomeUnknown, after_effect=True)
    token = "tok_no_funds" if end == "declined" else ""
    payment = pay(gateway, offer_to_pay(make_invoice("100.00")), token=token, keeps_card=keeps_card)
    assert close(payment)
    assert state_of(payment) == end
    return payment


def forget_now() -> None:
    """The jobs to forget cards run, whenever they were to."""
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)


@pytest.mark.parametrize("end", ["declined", "not_performed"])
def test_a_success_that_comes_late_keeps_the_card_and_sends_the_receipt(
    gateway: FakeGateway, end: str
) -> None:
    payment = not_paid(gateway, end)
    assert list(cards_of(payment.link.contact_id)) == []
    (forgetting,) = ProcrastinateJob.objects.filter(task_name="forget_card")
    assert forgetting.scheduled_at is not None
    assert forgetting.scheduled_at > timezone.now() + timedelta(hours=23)

    succeed_late(gateway, payment)
    assert links_to_close(most=10) == [payment.pk]
    close_link_payments(0)

    (card,) = cards_of(payment.link.contact_id)
    assert (card.active, card.on_file, card.is_default, card.forgotten_at) == (True, True, True, None)
    forget_now()
    assert gateway.forgotten == []
    booked = Payment.objects.get()
    assert jobs("email_receipt") == [{"payment_id": booked.pk}]
    told = Event.objects.get(name="pay_link.paid")
    assert (told.payment_id, told.payload["card_was_forgotten"]) == (booked.pk, False)
    assert links_to_close(most=10) == []


def test_a_card_that_the_gateway_was_told_to_forget_is_not_kept_by_a_late_success(
    gateway: FakeGateway,
) -> None:
    payment = not_paid(gateway, "declined")
    forget_now()

    succeed_late(gateway, payment)
    close_link_payments(0)

    assert gateway.forgotten == [payment.setup.payment_method.token if payment.setup.payment_method else ""]
    card = PaymentMethod.objects.get()
    assert (card.active, card.on_file) == (False, False)
    assert card.forgotten_at is not None
    assert Event.objects.get(name="pay_link.paid").payload["card_was_forgotten"] is True
    assert len(jobs("email_receipt")) == 1


def test_a_card_that_the_gateway_may_have_forgotten_is_not_kept_either(gateway: FakeGateway) -> None:
    payment = not_paid(gateway, "declined")
    gateway.fail("forget_card", OutcomeUnknown, after_effect=True)
    with pytest.raises(OutcomeUnknown):
        forget_now()

    succeed_late(gateway, payment)
    close(payment)

    assert not PaymentMethod.objects.get().active


def test_a_card_that_was_not_to_be_kept_stays_forgotten_when_it_paid_after_all(gateway: FakeGateway) -> None:
    payment = not_paid(gateway, "declined", keeps_card=False)
    (forgetting,) = ProcrastinateJob.objects.filter(task_name="forget_card")
    assert forgetting.scheduled_at is None

    succeed_late(gateway, payment)
    close(payment)

    card = PaymentMethod.objects.get()
    assert (card.active, card.on_file) == (False, False)
    assert Event.objects.get(name="pay_link.paid").payload["card_was_forgotten"] is False
    assert len(jobs("email_receipt")) == 1


def test_the_same_card_entered_again_meanwhile_is_the_one_that_is_kept(gateway: FakeGateway) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    declined = pay(gateway, offered, usd("40.00"), token="tok_no_funds", keeps_card=True)
    close(declined)
    paid = pay(gateway, offered, usd("40.00"), keeps_card=True)
    close(paid)

    succeed_late(gateway, declined)
    close(declined)

    assert list(cards_of(paid.link.contact_id)) == [paid.setup.payment_method]
    assert PaymentMethod.objects.filter(active=True).count() == 1
    assert Event.objects.filter(name="pay_link.paid").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_success_told_while_another_end_is_seen_to_is_not_lost(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = pay(gateway, offer_to_pay(make_invoice("100.00")), token="tok_no_funds", keeps_card=True)
    end, settled = closing._end, Signal()

    def tell() -> None:
        try:
            succeed_late(gateway, payment)
            settled.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:

        def end_while_told(*parts: Any, **more: Any) -> None:
            pool.submit(tell)
            assert not settled.wait(0.5)
            end(*parts, **more)

        with monkeypatch.context() as patched:
            patched.setattr(closing, "_end", end_while_told)
            close(payment)

    assert settled.is_set()
    assert links_to_close(most=10) == [payment.pk]
    close_link_payments(0)
    assert len(cards_of(payment.link.contact_id)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_while_a_late_success_is_booked_books_it_next_time(gateway: FakeGateway) -> None:
    payment = not_paid(gateway, "declined")

    with ended_at(Point.SETTLE_LINK_REOPENED):
        succeed_late(gateway, payment)
    assert (state_of(payment), links_to_close(most=10)) == ("declined", [])
    ask_gateway_now(charge_id=payment.charge_id or 0, actor=SYSTEM)

    close_link_payments(0)
    assert len(cards_of(payment.link.contact_id)) == 1
