"""Disputes as the sandbox tells them, by its events alone: its book and ours are equal, to the cent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import WebhookMessage
from duebook.gateways.services.poll_events import poll_events
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, Dispute, Payment
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.process_webhook import process_webhook
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, usd
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.payments.fake_gateway import make_card, make_merchant_account

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def charge_and_dispute(sandbox: Sandbox, times: int) -> list[str]:
    """The ids of disputes of so many charges of 100.00."""
    account = make_merchant_account(
        sealed_secret=seal(SECRET, purpose=PURPOSE),
        base_url=sandbox.url,
        created_at=timezone.now() - timedelta(minutes=5),
    )
    acme = make_contact("Acme")
    saved = sandbox.card("approves")
    card = make_card(acme, saved["token"], customer=saved["customer"], merchant_account=account)
    disputes = []
    for _ in range(times):
        invoice = make_invoice("100.00", contact=acme)
        asked = ChargeInput(acme.pk, card.pk, (Share(invoice.pk, usd("100.00")),))
        made = charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day())
        opened = sandbox.ask("POST", "/control/disputes", {"charge": made.gateway_id})
        disputes.append(opened["id"])
    return disputes


def hear() -> None:
    """What the sandbox has not told comes by asking for its events."""
    poll_events(silent_for=timedelta(0), now=timezone.now() + timedelta(seconds=1))
    for pk in WebhookMessage.objects.filter(state="waiting").order_by("id").values_list("pk", flat=True):
        process_webhook(message_id=pk)


def taken_from_us(sandbox: Sandbox) -> int:
    return -sum(moved["amount_minor"] for moved in sandbox.book()["movements"] if moved["kind"] == "dispute")


def test_disputes_that_are_polled_are_booked_as_the_sandbox_decides_them(sandbox: Sandbox) -> None:
    open_one, lost, won = charge_and_dispute(sandbox, 3)
    hear()
    assert set(Dispute.objects.values_list("state", flat=True)) == {"open"}
    sandbox.ask("POST", f"/control/disputes/{lost}", {"outcome": "lost"})
    sandbox.ask("POST", f"/control/disputes/{won}", {"outcome": "won"})

    hear()

    states = dict(Dispute.objects.values_list("gateway_id", "state"))
    assert states == {open_one: "open", lost: "lost", won: "won"}
    assert sum(Payment.objects.values_list("returned_minor", flat=True)) == taken_from_us(sandbox) == 10000
    assert sum(Charge.objects.values_list("disputed_minor", flat=True)) == 10000
    assert Transfer.objects.get(kind="processor_fee").amount_minor == 1500
    assert not WebhookMessage.objects.exclude(state="processed").exists()
