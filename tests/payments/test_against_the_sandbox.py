"""A thousand charges with random faults: in the end the sandbox's own book and ours are equal, to the cent.

The gateway drops connections, answers wrongly, twice or not at all; our process ends at random points, by an
exception that nobody handles or by SIGKILL. Clients repeat their requests, the janitor takes its turns.
"""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from duebook.domain.charging import OPEN_STATES, ChargeInput
from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.gateways.accounts import PURPOSE
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, GatewayRefund, Payment, PaymentMethod, Refund
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.ask_about_refund import ask_about_refund, drop_refund, refunds_to_ask
from duebook.payments.services.ask_gateway import ask_gateway, charges_to_ask, drop_charge
from duebook.payments.services.cancel_charge import cancel_charge
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, make_contact, make_invoice
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.payments.ends import EXCEPTION, ending_at
from tests.payments.fake_gateway import make_card, make_merchant_account

pytestmark = pytest.mark.django_db(transaction=True)

CHARGES = 100
REFUND_POINTS = [point for point in Point if point.name.startswith("REFUND")]
CHAOS = {
    "drop_before": 0.05,
    "drop_after": 0.05,
    "error_before": 0.03,
    "error_after": 0.05,
    "busy": 0.03,
    "garbled": 0.03,
    "other_amount": 0.03,
}
CARDS = ("approves", "approves", "approves", "insufficient funds", "stolen", "authentication")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def a_shop(sandbox: Sandbox) -> tuple[list[Invoice], list[PaymentMethod]]:
    account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
    acme = make_contact("Acme")
    cards = []
    for behaviour in CARDS:
        saved = sandbox.card(behaviour)
        cards.append(make_card(acme, saved["token"], customer=saved["customer"], merchant_account=account))
    return [make_invoice("1000.00", contact=acme) for _ in range(40)], cards


def try_to_charge(wanted: ChargeInput, request_key: str) -> None:
    with suppress(DomainError):
        charge_card(wanted=wanted, request_key=request_key, actor=SYSTEM, on=day())


def with_an_end(chance: random.Random, wanted: ChargeInput, request_key: str) -> None:
    """The charge in a process that ends at a random point of it."""
    point = chance.choice(list(Point))
    with ending_at(point, EXCEPTION):
        try_to_charge(wanted, request_key)


def with_a_kill(chance: random.Random, wanted: ChargeInput, request_key: str) -> None:
    """The charge in a process of its own that SIGKILL ends at a random point of it."""
    point = chance.choice(list(Point))
    connection.close()
    child = os.fork()
    if child == 0:

        def kill(reached: Point) -> None:
            if reached is point:
                os.kill(os.getpid(), signal.SIGKILL)

        with at_each_point(kill):
            try_to_charge(wanted, request_key)
        os._exit(0)
    os.waitpid(child, 0)


def try_to_refund(chance: random.Random, request_key: str) -> None:
    """Give a random part of a random charge back, by a process that may end at any point of it."""
    payments = list(Payment.objects.order_by("id"))
    if not payments:
        return
    payment = chance.choice(payments)
    wanted = RefundInput(
        amount=Money(chance.choice((payment.amount_minor, 50)), "USD"),
        refunded_on=day(),
        account_id=0,
        reason="Sent back",
        owes_afterwards=None,
        means=RefundMeans.GATEWAY,
    )
    point = chance.choice([None, *REFUND_POINTS])

    with ending_at(point, EXCEPTION), suppress(DomainError):
        refund_through_gateway(
            payment_id=payment.pk, wanted=wanted, request_key=request_key, actor=SYSTEM, on=day()
        )


def turns(most: int) -> None:
    """The janitor, as if the wait of each charge were over."""
    for charge_id in Charge.objects.filter(state="created").values_list("pk", flat=True):
        drop_charge(charge_id=charge_id)
    Charge.objects.exclude(ask_at=None).update(ask_at=timezone.now() - timedelta(seconds=1))
    for charge_id in charges_to_ask(most=most):
        ask_gateway(charge_id=charge_id)
    for attempt_id in GatewayRefund.objects.filter(state="created").values_list("pk", flat=True):
        drop_refund(attempt_id=attempt_id)
    GatewayRefund.objects.exclude(ask_at=None).update(ask_at=timezone.now() - timedelta(seconds=1))
    for attempt_id in refunds_to_ask(most=most):
        ask_about_refund(attempt_id=attempt_id)


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_charges_with_faults_end_with_equal_books(sandbox: Sandbox, seed: int) -> None:
    invoices, cards = a_shop(sandbox)
    chance = random.Random(seed)
    sandbox.ask("POST", "/control/chaos", {"seed": seed, **CHAOS})

    for number in range(CHARGES):
        invoice = chance.choice(invoices)
        wanted = ChargeInput(
            contact_id=invoice.contact_id,
            payment_method_id=chance.choice(cards).pk,
            shares=(Share(invoice.pk, Money(chance.randint(50, 20000), "USD")),),
        )
        request_key = f"charge-{number}"
        how = chance.choices((try_to_charge, with_an_end, with_a_kill), (8, 2, 1))[0]
        if how is try_to_charge:
            try_to_charge(wanted, request_key)
        else:
            how(chance, wanted, request_key)
        if chance.random() < 0.3:
            try_to_charge(wanted, request_key)
        if chance.random() < 0.3:
            try_to_refund(chance, f"refund-{number}")
        if chance.random() < 0.5:
            turns(3)

    sandbox.ask("DELETE", "/control/faults")
    for _ in range(3):
        turns(1000)
    for charge_id in Charge.objects.filter(state="requires_action").values_list("pk", flat=True):
        # Its customer never came to authenticate.
        cancel_charge(charge_id=charge_id, actor=SYSTEM)

    assert not Charge.objects.filter(state__in=[state.value for state in OPEN_STATES]).exists()
    assert not [attempt for attempt in GatewayRefund.objects.all() if attempt.is_open]
    book = sandbox.book()
    taken = {
        one["reference"]: (one["amount_minor"], one["refunded_minor"])
        for one in book["charges"]
        if one["outcome"] == "succeeded"
    }
    ours = {
        Charge.objects.get(pk=payment.charge_id).reference: (payment.amount_minor, payment.refunded_minor)
        for payment in Payment.objects.all()
    }
    assert ours == taken
    moved = sum(one["amount_minor"] for one in book["movements"])
    assert moved == sum(amount - refunded for amount, refunded in taken.values())
    refunds = sorted(refund.amount_minor for refund in Refund.objects.all())
    assert refunds == sorted(one["amount_minor"] for one in book["refunds"])
    assert refunds
    assert len(taken) > CHARGES // 10
    assert sum(invoice.total_minor - invoice.balance_due_minor for invoice in Invoice.objects.all()) == sum(
        Payment.objects.values_list("allocated_minor", flat=True)
    )


def test_refunds_by_processes_killed_at_each_point_end_with_equal_books(sandbox: Sandbox) -> None:
    """SIGKILL at each point of a refund, each of a charge of its own; the sandbox keeps its book."""
    invoices, cards = a_shop(sandbox)
    for number, _point in enumerate(REFUND_POINTS):
        invoice = invoices[number % len(invoices)]
        shares = (Share(invoice.pk, Money(2000, "USD")),)
        try_to_charge(ChargeInput(invoice.contact_id, cards[0].pk, shares), f"charge-{number}")
    wanted = RefundInput(
        amount=Money(500, "USD"),
        refunded_on=day(),
        account_id=0,
        reason="Sent back",
        owes_afterwards=None,
        means=RefundMeans.GATEWAY,
    )
    payments = list(Payment.objects.order_by("id").values_list("pk", flat=True))

    for payment_id, point in zip(payments, REFUND_POINTS, strict=True):
        connection.close()
        child = os.fork()
        if child == 0:

            def kill(reached: Point, last: Point = point) -> None:
                if reached is last:
                    os.kill(os.getpid(), signal.SIGKILL)

            with at_each_point(kill):
                refund_through_gateway(
                    payment_id=payment_id,
                    wanted=wanted,
                    request_key=f"refund-{payment_id}",
                    actor=SYSTEM,
                    on=day(),
                )
            os._exit(0)
        os.waitpid(child, 0)
    for _ in range(3):
        turns(1000)

    assert not [attempt for attempt in GatewayRefund.objects.all() if attempt.is_open]
    given_back = sum(one["amount_minor"] for one in sandbox.book()["refunds"])
    assert given_back == sum(refund.amount_minor for refund in Refund.objects.all()) > 0
    assert given_back == sum(Charge.objects.values_list("refunded_minor", flat=True))
