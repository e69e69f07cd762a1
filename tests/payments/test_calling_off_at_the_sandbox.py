"""Customers confirm, clerks record checks and the janitor calls off, in any order: nobody's money is lost.

The sandbox drops connections and answers wrongly; our process ends at random points. In the end its own book
and ours are equal, and no charge waits for what is settled otherwise.
"""

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.db import connection
from django.utils import timezone

from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.gateways.accounts import PURPOSE
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Payment
from duebook.payments.points import Point, at_each_point
from duebook.payments.services.charge_card import charge_card
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment, usd
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.payments.calling_off import the_janitor_takes_a_turn, time_passes
from tests.payments.ends import Killed
from tests.payments.fake_gateway import make_card, make_merchant_account

pytestmark = pytest.mark.django_db(transaction=True)

CHARGES = 12
POINTS = [point for point in Point if point.name.startswith(("CALL_OFF", "ASK_", "SETTLE"))]
CHAOS = {"drop_before": 0.1, "drop_after": 0.1, "error_after": 0.05, "garbled": 0.05}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def waiting_charges(sandbox: Sandbox) -> list[Charge]:
    account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
    acme = make_contact("Acme")
    saved = sandbox.card("authentication")
    card = make_card(acme, saved["token"], customer=saved["customer"], merchant_account=account)
    for _ in range(CHARGES):
        shares = (Share(make_invoice("100.00", contact=acme).pk, usd("60.00")),)
        charge_card(wanted=ChargeInput(acme.pk, card.pk, shares), request_key=key(), actor=SYSTEM, on=day())
    return list(Charge.objects.filter(state="requires_action").order_by("id"))


def a_turn_that_may_end(chance: random.Random) -> None:
    """The janitor, in a process that may end at any point of its turn."""
    point = chance.choice([None, *POINTS])

    def end(reached: Point) -> None:
        if reached is point:
            raise Killed

    if chance.random() < 0.5:
        Charge.objects.exclude(ask_at=None).update(ask_at=timezone.now() - timedelta(seconds=1))
    with at_each_point(end):
        try:
            the_janitor_takes_a_turn()
        except Killed:
            connection.close()


def confirm(charge: Charge) -> None:
    """On the bank's page, which says so where there is nothing to confirm any more; or in vain."""
    with suppress(requests.RequestException):
        requests.post(charge.action_url, data={"result": "complete"}, timeout=10)


def a_check_comes(chance: random.Random, invoice: Invoice) -> None:
    """It leaves as much as the charge is to pay, a cent less, or nothing."""
    minor = min(chance.choice([4000, 4001, 10000]), invoice.balance_due_minor)
    if minor:
        make_payment(f"{minor // 100}.{minor % 100:02}", invoice=invoice)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_faster_the_books_are_equal_and_nothing_waits_in_vain(sandbox: Sandbox, seed: int) -> None:
    made = waiting_charges(sandbox)
    assert len(made) == CHARGES
    chance = random.Random(seed)
    acts = [("confirm", charge) for charge in made if chance.random() < 0.5]
    acts += [("check", charge) for charge in made]
    acts += [("turn", charge) for charge in made]
    chance.shuffle(acts)
    sandbox.ask("POST", "/control/chaos", {"seed": seed, **CHAOS})

    for act, charge in acts:
        if act == "turn":
            a_turn_that_may_end(chance)
        elif act == "confirm":
            confirm(charge)
        else:
            a_check_comes(chance, charge.lines.get().invoice)
    sandbox.ask("DELETE", "/control/faults")
    for _ in range(3):
        time_passes()
        the_janitor_takes_a_turn()

    book = {one["id"]: one["outcome"] for one in sandbox.book()["charges"]}
    booked = {payment.charge_id for payment in Payment.objects.filter(charge_id__isnull=False)}
    for charge in Charge.objects.all():
        line = charge.lines.get()
        assert (book[charge.gateway_id] == "succeeded") == (charge.pk in booked)
        if charge.state == "requires_action":
            assert line.invoice.balance_due_minor >= line.amount_minor
            assert book[charge.gateway_id] == "requires_action"
        else:
            assert charge.state == ("succeeded" if charge.pk in booked else "not_performed")
    assert Charge.objects.filter(state="not_performed", called_off_at__isnull=False).exists()
    assert booked
