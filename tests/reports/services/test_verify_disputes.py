"""verify: each thing that is wrong with a dispute gives its finding."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F

from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, Dispute, DisputeBooking, Payment
from duebook.reports.services.verify_books import Finding, verify_books
from tests.past_the_guards import past_the_guards
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


def broken() -> set[str]:
    return {finding.check for finding in verify_books()}


def test_disputes_that_are_open_lost_and_won_are_sound(gateway: FakeGateway) -> None:
    a_charged_payment()
    for minor in (1000, 2000, 3000):
        open_dispute(gateway, minor)
    decide_dispute(gateway, "lost", "dp_2")
    decide_dispute(gateway, "won", "dp_3", fee_minor=1500)

    assert verify_books() == []


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda: Dispute.objects.update(booked_minor=F("booked_minor") - 1), "dispute_booked"),
        (lambda: Dispute.objects.update(fee_minor=0), "dispute_booked"),
        (lambda: DisputeBooking.objects.update(transfer_id=-F("transfer_id")), "dispute_transfers"),
        (lambda: Charge.objects.update(disputed_minor=0), "charge_disputed"),
        (lambda: Payment.objects.update(returned_minor=0), "payment_counters"),
        (lambda: Dispute.objects.update(waits_since=None), "dispute_state"),
        (lambda: Dispute.objects.update(state="lost", ended_at="2026-01-01T00:00Z"), "dispute_state"),
    ],
)
def test_what_does_not_agree_is_seen(gateway: FakeGateway, change: Callable[[], Any], check: str) -> None:
    a_charged_payment()
    open_dispute(gateway)

    with past_the_guards():
        change()

    assert check in broken()


def test_a_won_dispute_whose_money_was_not_mirrored_is_seen(gateway: FakeGateway) -> None:
    a_charged_payment()
    open_dispute(gateway)
    dispute = decide_dispute(gateway, "won")
    mirror = DisputeBooking.objects.filter(what="amount", takes_back__isnull=False).get()

    with past_the_guards():
        Transfer.objects.filter(pk=mirror.transfer_id).update(corrects_id=None)

    wanted = f"D-{dispute.pk}, transfer {mirror.transfer_id}"
    assert [finding.what for finding in verify_books() if finding.check == "dispute_transfers"] == [wanted]


def test_a_missing_event_is_seen(gateway: FakeGateway) -> None:
    a_charged_payment()
    dispute = open_dispute(gateway, taken_minor=0, fee_minor=0)

    with past_the_guards():
        Dispute.objects.update(state="lost", ended_at="2026-01-01T00:00Z")

    assert Finding("missing_event", f"D-{dispute.pk}", "an event dispute.lost", "0") in verify_books()
